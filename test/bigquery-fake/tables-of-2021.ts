/**
 * The tables on which the calls of 2021 were made: `records` as the calls show it; `purchases` as the project that recorded them published
 * it (20 rows), with the three rows that the answers show to have been added.
 */
const RECORDS = `
  (1, 1, 'Erie', 'Jervois', 'ejervois0@example.com', 'Male', '192.0.2.1', true, false, true, 259.12, '2020-02-01 12:13:14'),
  (2, 1, 'Cacilie', 'Eate', 'ceate1@example.com', 'Female', '192.0.2.2', false, true, false, 94.36, '2020-02-02 12:13:14.5'),
  (3, 1, 'Gretel', 'Groucock', 'ggroucock2@example.com', 'Female', '192.0.2.3', true, false, true, 668.3, '2020-02-03 12:13:14.567'),
  (4, 1, 'Amata', 'Cotesford', 'acotesford3@example.com', 'Female', '192.0.2.4', true, true, true, 489.0, '2020-02-04 12:13:14.5678'),
  (5, 2, 'Lira', 'Johnston', 'ljohnston4@example.com', 'Female', '192.0.2.5', false, true, false, 823.16, '2020-02-05 12:13:14.56789'),
  (6, 2, 'Deni', 'Scalia', 'dscalia5@example.com', 'Female', '192.0.2.6', true, false, true, 273.98, '2020-02-06 12:13:14'),
  (7, 2, 'Helga', 'Kleis', 'hkleis6@example.com', 'Female', '192.0.2.7', true, true, true, 407.05, '2020-02-07 12:13:14'),
  (8, 2, 'Gertie', 'Cubitt', 'gcubitt7@example.com', 'Female', '192.0.2.8', false, false, true, 841.45, '2020-02-08 12:13:14'),
  (9, 2, 'Lurleen', 'Browell', 'lbrowell8@example.com', 'Female', '192.0.2.9', true, false, false, 623.34, '2020-02-09 12:13:14'),
  (10, 3, 'Dorthy', 'Iston', 'diston9@example.com', 'Female', '192.0.2.10', false, true, false, 290.53, '2020-02-10 12:13:14')`;

const PURCHASES = `
  (1, 1, 'Apple', 1.54, '2020-02-01'), (2, 2, 'Pear', 0.78, '2020-02-02'), (3, 3, 'Strawberry', 2.0, '2020-02-03'),
  (4, 4, 'Blueberry', 2.23, '2020-02-04'), (5, 5, 'Apple', 3.14, '2020-02-05'), (6, 1, 'Orange', 1.42, '2020-02-06'),
  (7, 2, 'Apple', 1.54, '2020-02-07'), (8, 3, 'Apple', 1.54, '2020-02-08'), (9, 4, 'Pear', 0.78, '2020-02-09'),
  (10, 5, 'Strawberry', 2.0, '2020-02-10'), (11, 1, 'Blueberry', 2.23, '2020-02-11'), (12, 2, 'Apple', 3.14, '2020-02-12'),
  (13, 3, 'Orange', 1.42, '2020-02-13'), (14, 4, 'Apple', 1.54, '2020-02-14'), (15, 1, 'Apple', 1.54, '2020-02-15'),
  (16, 2, 'Pear', 0.78, '2020-02-16'), (17, 3, 'Strawberry', 2.0, '2020-02-17'), (18, 1, 'Blueberry', 2.23, '2020-02-18'),
  (19, 2, 'Apple', 3.14, '2020-02-19'), (20, 1, 'Orange', 1.42, '2020-02-20'), (21, 4, 'Watermelon', 1.42, '2020-02-21'),
  (22, 4, 'Peach', 1.42, '2020-02-20')`;

function records(dataset: string): string {
  return `
CREATE TABLE ${dataset}.records (id INT64, account_id INT64, first_name STRING, last_name STRING, email STRING, gender STRING,
  ip_address STRING, ios_app BOOL, android_app BOOL, vip BOOL, ltv FLOAT64, date DATE, stamp TIMESTAMP);
INSERT INTO ${dataset}.records (id, account_id, first_name, last_name, email, gender, ip_address, ios_app, android_app, vip, ltv, stamp)
VALUES ${RECORDS};
UPDATE ${dataset}.records SET date = DATE(stamp) WHERE true;`;
}

export const SCHEMA_OF_2021 = `
CREATE SCHEMA test;
CREATE SCHEMA test_001;
CREATE SCHEMA other;
${records('test')}
${records('test_001')}
CREATE TABLE test_001.accounts (id INT64);
CREATE TABLE test_001.purchases (id INT64, record_id INT64, purchase STRING, amount FLOAT64, date DATE, stamp TIMESTAMP);
INSERT INTO test_001.purchases (id, record_id, purchase, amount, date) VALUES ${PURCHASES};
UPDATE test_001.purchases SET stamp = TIMESTAMP(date) WHERE true;
INSERT INTO test_001.purchases VALUES (23, 1, NULL, 1.0, '2020-02-20', '2020-02-21 12:13:14');`;
