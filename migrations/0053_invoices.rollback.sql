DROP TABLE credit_notes, invoice_lines, invoices;
