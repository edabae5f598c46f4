import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Sandbox, startSandbox } from '../../src/sandbox/salesforce/index.ts';
import { API, ask, NODES, type Page, query, refusal } from './rest.ts';

let sandbox: Sandbox;
const ids: Record<string, string> = {};

beforeAll(async () => {
  sandbox = await startSandbox({ schema: NODES, now: () => Date.parse('2024-03-10T10:00:00Z') });
  const { org } = sandbox;
  ids['acme'] = org.insert('Account', { Name: 'Acme', AnnualRevenue: '10000000', NumberOfEmployees: '12' });
  ids['root'] = org.insert('Node__c', { Ext__c: 'root', Name: 'Root', Size__c: '24', Count__c: '3', Flag__c: 'true', Day__c: '2024-02-29', Moment__c: '2024-03-10T11:00:00+01:00', Colours__c: 'Blue;Red', Notes__c: 'long' }); // prettier-ignore
  ids['child'] = org.insert('Node__c', { Ext__c: 'child', Exact__c: 'Exact', Name: "O'Neil \\ Söhne", Parent__c: ids['root'], Size__c: '0.5', Either__c: ids['acme'] }); // prettier-ignore
  ids['leaf'] = org.insert('Node__c', { Ext__c: 'Leaf', Exact__c: 'exact', Name: 'line\nbreak', Parent__c: ids['child'], Either__c: ids['root'], Colours__c: 'Green' }); // prettier-ignore
  ids['gone'] = org.insert('Node__c', { Ext__c: 'gone', Name: 'Gone' });
  org.remove('Node__c', ids['gone'] ?? '');
});

afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
});

/** The external ids that a condition finds, in order of creation. */
async function found(condition: string, path?: string): Promise<string> {
  const { records } = await query(sandbox, `SELECT Ext__c FROM Node__c WHERE ${condition}`, path);
  return records.map((record) => record['Ext__c']).join(' ');
}

describe('an answer', () => {
  it('has the bytes that Salesforce sends', async () => {
    const soql = "SELECT Id, Size__c, Count__c, Flag__c, Day__c, Moment__c, Colours__c, Parent__c FROM Node__c WHERE Ext__c = 'root'";
    const { text, headers } = await ask(sandbox, 'GET', `/query?q=${encodeURIComponent(soql)}`);
    expect(text).toBe(
      `{"totalSize":1,"done":true,"records":[{"attributes":{"type":"Node__c","url":"${API}/sobjects/Node__c/${ids['root']}"},"Id":"${ids['root']}",` +
        '"Size__c":24.0,"Count__c":3,"Flag__c":true,"Day__c":"2024-02-29","Moment__c":"2024-03-10T10:00:00.000+0000","Colours__c":"Red;Blue","Parent__c":null}]}',
    );
    expect(headers.get('content-type')).toBe('application/json;charset=UTF-8');
    expect(headers.get('sforce-limit-info')).toMatch(/^api-usage=\d+\/\d+$/);
  });

  it('prints large numbers as Java does', async () => {
    const { text } = await ask(sandbox, 'GET', '/query?q=SELECT+AnnualRevenue,+NumberOfEmployees+FROM+Account');
    expect(text).toContain('"AnnualRevenue":1.0E7,"NumberOfEmployees":12');
  });

  it('nests parents, several levels up', async () => {
    const { records } = await query(sandbox, "SELECT Name, Parent__r.Name, Parent__r.Parent__r.Ext__c FROM Node__c WHERE Ext__c = 'leaf'");
    expect(records).toMatchObject([{ Name: 'line\nbreak', Parent__r: { attributes: { type: 'Node__c' }, Parent__r: { Ext__c: 'root' } } }]);
    const { records: above } = await query(sandbox, "SELECT Parent__r.Parent__r.Ext__c FROM Node__c WHERE Ext__c = 'child'");
    expect(above).toMatchObject([{ Parent__r: { Parent__r: null } }]);
  });

  it('tells the objects of a polymorphic reference apart by TYPEOF', async () => {
    const soql =
      'SELECT Ext__c, TYPEOF Either__r WHEN Node__c THEN Ext__c, Parent__r.Ext__c WHEN Account THEN AnnualRevenue ELSE Name END FROM Node__c';
    const { records } = await query(sandbox, soql);
    expect(records.map((record) => record['Either__r'])).toMatchObject([
      null,
      { attributes: { type: 'Account' }, AnnualRevenue: 10_000_000 },
      { attributes: { type: 'Node__c' }, Ext__c: 'root', Parent__r: null },
    ]);
    const { records: named } = await query(sandbox, "SELECT Either__r.Name, Either__r.Type FROM Node__c WHERE Either__r.Type = 'Account'");
    expect(named).toMatchObject([{ Either__r: { Name: 'Acme', Type: 'Account' } }]);
  });

  it('of COUNT() is a number without records', async () => {
    expect(await query(sandbox, 'SELECT COUNT() FROM Node__c')).toEqual({ totalSize: 3, done: true, records: [] });
  });

  it('knows the object by an alias', async () => {
    expect((await query(sandbox, "SELECT n.Ext__c, Node__c.Name FROM Node__c n WHERE n.Ext__c = 'root'")).records).toMatchObject([
      { Ext__c: 'root' },
    ]);
  });
});

describe('a condition', () => {
  it.each([
    ["Ext__c = 'ROOT'", 'root'],
    ["Exact__c = 'exact'", 'Leaf'],
    ["Exact__c IN ('EXACT', 'Exact')", 'child'],
    ["Ext__c IN ('leaf', 'root', 'nobody', 'ROOT')", 'Leaf root'],
    ["Ext__c NOT IN ('leaf', 'root')", 'child'],
    ["Name != 'root'", 'child Leaf'],
    [String.raw`Name = 'O\'Neil \\ S\u00f6hne'`, 'child'],
    [String.raw`Name LIKE '%neil%'`, 'child'],
    [String.raw`Name = 'line\nbreak'`, 'Leaf'],
    ['Parent__c = null', 'root'],
    ["Parent__r.Ext__c = 'root'", 'child'],
    ["Parent__r.Parent__r.Name LIKE 'Ro_t'", 'Leaf'],
    ['Size__c > 0.5', 'root'],
    ['Size__c >= 5e-1', 'root child'],
    ['Size__c != 24', 'child Leaf'],
    ['Size__c < 1000', 'root child'],
    ['Flag__c = TRUE', 'root'],
    ['Flag__c != true', 'child Leaf'],
    ['Day__c = 2024-02-29', 'root'],
    ['Day__c < 2024-03-01', 'root'],
    ['Moment__c = 2024-03-10T10:00:00Z', 'root'],
    ['Moment__c <= 2024-03-10T12:00:00+02:00', 'root'],
    ['CreatedDate >= 2024-03-10T10:00:00.000Z', 'root child Leaf'],
    ["Colours__c INCLUDES ('Red;Blue', 'Green')", 'root Leaf'],
    ["Colours__c INCLUDES ('Red;Green')", ''],
    ["Colours__c EXCLUDES ('Red')", 'child Leaf'],
    ["Colours__c = 'Red;Blue'", 'root'],
    ["(Ext__c = 'root' OR Ext__c = 'child') AND (NOT Flag__c = true)", 'child'],
    ["NOT (Ext__c = 'root')", 'child Leaf'],
    ["Ext__c = 'root' AND Size__c = 1", ''],
    ["Ext__c = ''", ''],
    ["Name > 'o' AND Name < 'p'", 'child'],
    ['IsDeleted = true', ''],
  ])('%s', async (condition, expected) => {
    expect(await found(condition)).toBe(expected);
  });

  it('takes ids of 15 and of 18 characters', async () => {
    expect(await found(`Id = '${ids['root']?.slice(0, 15)}'`)).toBe('root');
    expect(await found(`Parent__c IN ('${ids['root']}', '${ids['child']?.slice(0, 15)}')`)).toBe('child Leaf');
  });

  it('finds records in the bin through queryAll only', async () => {
    expect(await found("Ext__c = 'gone'")).toBe('');
    expect(await found("Ext__c = 'gone'", '/queryAll')).toBe('gone');
    expect(await found('IsDeleted = true', '/queryAll')).toBe('gone');
  });

  it('finds by many keys as by one', async () => {
    const keys = Array.from({ length: 400 }, (_, at) => `'nobody ${at}'`);
    expect(await found(`Ext__c IN (${keys.join()},'leaf')`)).toBe('Leaf');
  });
});

describe('an order', () => {
  it.each([
    ['ORDER BY Name', 'Leaf child root'],
    ['ORDER BY Size__c', 'Leaf child root'],
    ['ORDER BY Size__c DESC NULLS LAST', 'root child Leaf'],
    ['ORDER BY Flag__c DESC, Ext__c ASC LIMIT 2', 'root child'],
    ['ORDER BY Parent__r.Ext__c NULLS LAST, Id', 'Leaf child root'],
    ['ORDER BY Id LIMIT 1 OFFSET 1', 'child'],
    ['LIMIT 0', ''],
  ])('%s', async (clause, expected) => {
    const { records } = await query(sandbox, `SELECT Ext__c FROM Node__c ${clause}`);
    expect(records.map((record) => record['Ext__c']).join(' ')).toBe(expected);
  });
});

describe('a refusal', () => {
  it('is worded and placed as Salesforce does it', async () => {
    expect(await refusal(sandbox, 'SELECT Id, Nme FROM Account')).toBe(
      "400 INVALID_FIELD: \nSELECT Id, Nme FROM Account\n           ^\nERROR at Row:1:Column:12\nNo such column 'Nme' on entity 'Account'. If you are " +
        "attempting to use a custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names.",
    );
    expect(await refusal(sandbox, 'SELECT Id\nFROM Acount')).toContain("ERROR at Row:2:Column:6\nsObject type 'Acount' is not supported.");
  });

  it.each([
    ['SELECT Id FORM Account', "MALFORMED_QUERY: .*unexpected token: 'FORM'"],
    ['SELECT FROM Account', "MALFORMED_QUERY: .*unexpected token: 'FROM'"],
    ['SELECT Id, Group.Name FROM Order', "INVALID_TYPE: .*sObject type 'Order' is not supported"],
    ['SELECT Id FROM Account WHERE', "MALFORMED_QUERY: .*unexpected token: '<EOF>'"],
    ["SELECT Id FROM Account WHERE Name = 'a' OR Name = 'b' AND Name = 'c'", "MALFORMED_QUERY: .*unexpected token: 'AND'"],
    ["SELECT Id FROM Account WHERE Name = 'a", 'MALFORMED_QUERY: .*string literals'],
    [String.raw`SELECT Id FROM Account WHERE Name = 'a\x'`, String.raw`MALFORMED_QUERY: .*Illegal character sequence '\\x'`],
    ['SELECT Id FROM Account WHERE Name = "a"', 'MALFORMED_QUERY'],
    ['SELECT Id FROM Account WHERE Name = 1', "INVALID_FIELD: .*field 'Name' must be of type string and should be enclosed in quotes"],
    [
      "SELECT Id FROM Node__c WHERE Size__c = '1'",
      "INVALID_FIELD: .*field 'Size__c' must be of type double and should not be enclosed in quotes",
    ],
    ["SELECT Id FROM Node__c WHERE Moment__c > '2024-01-01'", 'INVALID_FIELD: .*must be of type dateTime'],
    ['SELECT Id FROM Node__c WHERE Day__c = 2023-02-29', 'MALFORMED_QUERY: .*Invalid date'],
    ["SELECT Id FROM Account WHERE Id = 'abc'", 'INVALID_QUERY_FILTER_OPERATOR: .*invalid ID field: abc'],
    ["SELECT Id FROM Node__c WHERE Notes__c = 'x'", "INVALID_FIELD: .*field 'Notes__c' can not be filtered in a query call"],
    ['SELECT Id FROM Node__c ORDER BY Notes__c', "INVALID_FIELD: .*field 'Notes__c' can not be sorted in a query call"],
    ["SELECT Id FROM Node__c WHERE Size__c LIKE '1%'", 'INVALID_QUERY_FILTER_OPERATOR'],
    ["SELECT Id FROM Node__c WHERE Name INCLUDES ('a')", 'INVALID_QUERY_FILTER_OPERATOR'],
    ['SELECT Nobody__r.Name FROM Node__c', "INVALID_FIELD: .*Didn't understand relationship 'Nobody__r' in field path"],
    ['SELECT Either__r.Ext__c FROM Node__c', "INVALID_FIELD: .*No such column 'Ext__c' on entity 'Name'"],
    ['SELECT Id, id FROM Account', 'INVALID_FIELD: .*duplicate field selected: Id'],
    ['SELECT Id FROM Account OFFSET 2001', 'NUMBER_OUTSIDE_VALID_RANGE: .*Maximum SOQL offset allowed is 2000'],
    [`SELECT Id FROM Account WHERE Name = '${'x'.repeat(4001)}'`, 'MALFORMED_QUERY: .*4000 characters'],
    ['SELECT Name, COUNT(Id) FROM Account GROUP BY Name', '501 NOT_IN_SANDBOX'],
    ['SELECT (SELECT Id FROM Contacts) FROM Account', '501 NOT_IN_SANDBOX'],
    ['SELECT Id FROM Account WHERE CreatedDate = TODAY', '501 NOT_IN_SANDBOX'],
  ])('%.80s', async (soql, pattern) => {
    expect(await refusal(sandbox, soql)).toMatch(new RegExp(pattern, 's'));
  });

  it('meets an address of more than 16,384 characters', async () => {
    const soql = `SELECT Id FROM Account WHERE Name IN (${Array.from({ length: 5 }, () => `'${'x'.repeat(3500)}'`).join()})`;
    const { status } = await ask(sandbox, 'GET', `/query?q=${encodeURIComponent(soql)}`);
    expect(status).toBe(414);
    const long = await ask(sandbox, 'GET', '/query?q=SELECT+Id+FROM+Account', { headers: { cookie: 'x'.repeat(17_000) } });
    expect(long.status).toBe(431);
  });

  it('meets a query of more than 100,000 characters inside a composite, where no address limits it', async () => {
    const soql = `SELECT Id FROM Account WHERE Name IN (${Array.from({ length: 60 }, () => `'${'x'.repeat(2000)}'`).join()})`;
    const url = `${API}/query?q=${encodeURIComponent(soql)}`;
    const body = JSON.stringify({ compositeRequest: [{ method: 'GET', url, referenceId: 'a' }] });
    const { text } = await ask(sandbox, 'POST', '/composite', { body });
    expect(JSON.parse(text).compositeResponse[0]).toMatchObject({ httpStatusCode: 400, body: [{ errorCode: 'MALFORMED_QUERY' }] });
  });
});

describe('a field that the user does not see', () => {
  it('is none, neither to read nor to filter by', async () => {
    await using narrow = await startSandbox({ schema: NODES, user: { hidden: ['Node__c.Size__c', 'Node__c.Parent__c'] } });
    const seen = [
      'Size__c FROM Node__c',
      'Id FROM Node__c WHERE Size__c = 1',
      'Parent__r.Name FROM Node__c',
      'Id FROM Node__c ORDER BY Size__c',
    ];
    for (const rest of seen) expect(await refusal(narrow, `SELECT ${rest}`)).toContain('INVALID_FIELD');
  });
});

describe('pages', () => {
  it('hold 2,000 records, fewer on request, and follow each other', async () => {
    await using many = await startSandbox({ schema: NODES });
    for (let at = 0; at < 4_100; at += 1) many.org.insert('Node__c', { Ext__c: `k${at}` });
    const first = await query(many, 'SELECT Ext__c FROM Node__c');
    expect([first.totalSize, first.done, first.records.length]).toEqual([4_100, false, 2_000]);
    expect(first.nextRecordsUrl).toMatch(new RegExp(`^${API}/query/01g\\w{15}-2000$`));
    const second = JSON.parse((await ask(many, 'GET', first.nextRecordsUrl ?? '')).text) as Page;
    const third = JSON.parse((await ask(many, 'GET', second.nextRecordsUrl ?? '')).text) as Page;
    expect([third.done, third.nextRecordsUrl, third.records.length]).toEqual([true, undefined, 100]);
    const keys = new Set([...first.records, ...second.records, ...third.records].map((record) => record['Ext__c']));
    expect(keys.size).toBe(4_100);
    const small = await ask(many, 'GET', '/query?q=SELECT+Id+FROM+Node__c', { headers: { 'sforce-query-options': 'batchSize=200' } });
    expect(JSON.parse(small.text).records).toHaveLength(200);
    expect((await ask(many, 'GET', '/query/01g000000000000AAA-2000')).text).toContain('INVALID_QUERY_LOCATOR');
  });
});
