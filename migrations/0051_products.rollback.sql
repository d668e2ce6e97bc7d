DROP TABLE prices, products;
