DROP TABLE disputes, refunds, payments;
