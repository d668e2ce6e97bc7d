DROP TABLE repeated_deliveries, delivery_counts;
