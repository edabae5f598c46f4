-- The CRM of the example: three records that were there before Sluice. One is as it should be, one is not, one is nobody's.
CREATE TABLE Customer (
  External_Id VARCHAR UNIQUE,
  Name VARCHAR NOT NULL,
  Email VARCHAR,
  Plan VARCHAR,
  MRR DECIMAL(12, 2),
  Tier VARCHAR,
  Signed_Up DATE,
  Owner VARCHAR
);
INSERT INTO Customer VALUES
  ('0002', 'O''Brien & Sons', 'pat@obrien.example', 'Team', 240.00, 'SMB', '2024-06-01', 'Grace'),
  ('0004', 'Société Générique', 'luc@generique.example', 'Team', 99.00, 'SMB', '2025-01-02', 'Sales'),
  (NULL, 'Somebody typed this in', NULL, NULL, NULL, NULL, NULL, 'Grace');
