/**
 * Writes the CSV files of the example project: `syncs/data/`. The same files every time: a seeded generator, no clock, no network.
 * With `--check` it writes nothing and fails when the committed files differ.
 *
 * Null is an empty field; the empty string is `""`.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

type Cell = string | number | boolean | null;
type Table = readonly (readonly Cell[])[];

const DATA = join(import.meta.dirname, '..', 'syncs', 'data');
const ACCOUNTS = 640;
const CONTACTS = 1_500;

/** Names that have broken a sync somewhere. */
const AWKWARD_NAMES = [
  "O'Brien & Sons",
  '"Quoted", Inc.',
  '株式会社サンプル',
  'شركة الأمل',
  'בית התוכנה',
  'Rocket Labs 🚀',
  'Zoë Design (NFC)',
  'Zoe\u0308 Design (NFD)',
  'Null Island Ltd',
  'NULL',
  'TRUE',
  '1e5',
  '007',
  '=1+1',
  "Robert'); DROP TABLE accounts;--",
  'Back\\slash & 100% <b>Bold</b>',
  ' Leading and trailing ',
  'Ærøskøbing Skibsværft A/S',
  '👩‍👩‍👧‍👦 Family Foods',
  '{"json": "in a name"}',
];
const FIRST_WORDS = [
  'Northwind',
  'Umbrella',
  'Globex',
  'Initech',
  'Hooli',
  'Vandelay',
  'Stark',
  'Wayne',
  'Acme',
  'Soylent',
  'Tyrell',
  'Cyberdyne',
];
const SECOND_WORDS = ['Logistics', 'Foods', 'Energy', 'Media', 'Health', 'Robotics', 'Retail', 'Bank', 'Mobility', 'Textiles', 'Labs'];
const FORMS = ['GmbH', 'Ltd', 'Inc.', 'S.A.', 'AB', 'K.K.', 'Pty'];
const REGIONS = ['EMEA', 'AMER', 'APAC'];
const TAGS = ['beta', 'reference', 'partner', 'at-risk', 'self-serve', 'öffentlich'];
const FIRST_NAMES = [
  'Aoife',
  'Björn',
  'Chloé',
  'Dmitri',
  'Eleni',
  'Fatima',
  'Georg',
  'Hana',
  'Ivan',
  'João',
  'Keiko',
  'Łukasz',
  'Mei',
  'Nguyễn',
  '美咲',
  'عمر',
];
const LAST_NAMES = [
  "O'Brien",
  'Müller',
  'García-López',
  'van der Berg',
  'Smith',
  '山田',
  'Ó Súilleabháin',
  'Kowalski',
  'Nakamura',
  'Null',
  'De La Cruz',
  'العربي',
];
const TITLES = ['CFO', 'Head of RevOps', 'Buyer', 'VP Sales, EMEA', 'Data Engineer', '"The" Founder'];
const ZONES = ['Z', '+02:00', '-07:00', '+05:30', '+12:45'];
/** Product code, price of one seat and month in cents. */
const PRODUCTS: readonly (readonly [string, number])[] = [
  ['CORE', 4_900],
  ['INSIGHT', 2_350],
  ['VAULT', 1_175],
  ['0042', 399],
];

/** Mulberry32: small, seeded, good enough for made-up data. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    const a = Math.imul(state ^ (state >>> 15), 1 | state);
    const b = (a + Math.imul(a ^ (a >>> 7), 61 | a)) ^ a;
    return ((b ^ (b >>> 14)) >>> 0) % below;
  };
}

function pick<T>(random: (below: number) => number, from: readonly T[]): T {
  const value = from[random(from.length)];
  if (value === undefined) throw new Error('nothing to pick from');
  return value;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

function accountId(index: number): string {
  return `ACC-${pad(index + 1, 4)}`;
}

function cents(value: number): string {
  return `${Math.floor(value / 100)}.${pad(value % 100, 2)}`;
}

function day(random: (below: number) => number, year: number): string {
  return `${year + random(2)}-${pad(1 + random(12), 2)}-${pad(1 + random(28), 2)}`;
}

function instant(random: (below: number) => number): string {
  const time = `${pad(random(24), 2)}:${pad(random(60), 2)}:${pad(random(60), 2)}.${pad(random(1_000), 3)}`;
  return `${day(random, 2025)}T${time}${pick(random, ZONES)}`;
}

/** Numbers as people type them into phones: leading zeros, plus signs, an empty string that is not null. */
function phone(random: (below: number) => number): Cell {
  return [`+49 30 ${pad(random(1e6), 7)}`, `00${pad(random(1e8), 9)}`, `0${pad(random(1e6), 6)}`, '', null][random(5)] ?? null;
}

function note(random: (below: number) => number): Cell {
  const text = [
    'Asked for a quote, "soon".\nSecond line, with a comma;\n\tand a tab.',
    'Calls it the „Vertrag“\r\nsigned on paper',
    '',
    null,
  ];
  return text[random(12)] ?? null;
}

function accounts(): Table {
  const random = generator(20_260_115);
  const rows = Array.from({ length: ACCOUNTS }, (_, index): readonly Cell[] => {
    const plainName = `${pick(random, FIRST_WORDS)} ${pick(random, SECOND_WORDS)} ${pick(random, FORMS)} ${index + 1}`;
    return [
      accountId(index),
      AWKWARD_NAMES[index] ?? plainName,
      pad(random(1e9), 20),
      `1${pad(random(1e9), 9)}${pad(random(1e9), 10)}`,
      index === 20 ? '1234567.10' : random(20) === 0 ? null : cents(random(60_000_000)),
      random(15) === 0 ? null : random(2_000),
      random(4) !== 0,
      pick(random, REGIONS),
      random(10) === 0 ? null : pad(random(99_999), 5),
      phone(random),
      JSON.stringify(TAGS.filter(() => random(4) === 0)),
      random(8) === 0 ? null : day(random, 2026),
      random(8) === 0 ? null : instant(random),
      note(random),
    ];
  });
  const header = [
    'account_id',
    'name',
    'legacy_id',
    'billing_number',
    'arr',
    'seats',
    'is_customer',
    'region',
    'postcode',
    'phone',
    'tags',
    'renewal_date',
    'last_seen_at',
    'note',
  ];
  return [header, ...rows];
}

function contacts(): Table {
  const random = generator(77);
  const rows = Array.from({ length: CONTACTS }, (_, index): readonly Cell[] => [
    `C${pad(index + 1, 6)}`,
    // A few people belong to no account.
    random(40) === 0 ? null : accountId(random(ACCOUNTS)),
    random(25) === 0 ? null : pick(random, FIRST_NAMES),
    pick(random, LAST_NAMES),
    random(30) === 0 ? null : `person.${index + 1}+news@example.com`,
    phone(random),
    random(6) === 0 ? null : pick(random, TITLES),
    [true, false, null][random(3)] ?? null,
    instant(random),
  ]);
  return [['contact_id', 'account_id', 'first_name', 'last_name', 'email', 'phone', 'title', 'opted_in', 'created_at'], ...rows];
}

function subscriptions(): Table {
  const random = generator(4_242);
  const rows = Array.from({ length: ACCOUNTS }, (_, account) =>
    PRODUCTS.filter(() => random(2) === 0).map(([product, price]): readonly Cell[] => {
      const quantity = 1 + random(400);
      return [
        accountId(account),
        product,
        pick(random, ['monthly', 'yearly']),
        quantity,
        cents(quantity * price),
        random(5) === 0 ? `0.${pad(random(40), 2)}` : null,
        pick(random, ['active', 'active', 'active', 'paused', 'ending']),
        day(random, 2024),
        random(3) === 0 ? day(random, 2027) : null,
      ];
    }),
  );
  return [['account_id', 'product_code', 'term', 'quantity', 'mrr', 'discount', 'status', 'starts_on', 'ends_on'], ...rows.flat()];
}

function csv(table: Table): string {
  return table.map((row) => `${row.map((value) => cell(value)).join(',')}\n`).join('');
}

function cell(value: Cell): string {
  if (value === null) return '';
  const text = String(value);
  return text === '' || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const files = { 'accounts.csv': accounts(), 'contacts.csv': contacts(), 'subscriptions.csv': subscriptions() };
await mkdir(DATA, { recursive: true });
for (const [name, table] of Object.entries(files)) {
  const path = join(DATA, name);
  if (!process.argv.includes('--check')) await writeFile(path, csv(table));
  else if ((await readFile(path, 'utf8')) !== csv(table))
    throw new Error(`${name} is not what scripts/make-example-data.ts writes: run it again`);
}
