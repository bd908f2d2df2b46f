/** The kinds of file that CSV readers are commonly tried with (as npm's csv-spectrum names them), in data of our own. */
import { describe, expect, test } from "vitest";
import { csvFormat } from "../../../src/formats/csv/index.ts";
import { decodeInChunks } from "../../support/csv-chunking.ts";
import { sharedBytes } from "../../support/csv-decoding.ts";

const spec = { format: "csv", options: {}, columns: {}, maxRecordBytes: 1000 };

const cases: [string, string, string[], string[][]][] = [
  ["simple", "a,b,c\n1,2,3\n", ["a", "b", "c"], [["1", "2", "3"]]],
  ["simple_crlf", "a,b,c\r\n1,2,3\r\n", ["a", "b", "c"], [["1", "2", "3"]]],
  ["comma_in_quotes", 'name,town\nIda,"Ulm, Donau"\n', ["name", "town"], [["Ida", "Ulm, Donau"]]],
  [
    "empty",
    'a,b,c\n1,"",""\n2,3,4\n',
    ["a", "b", "c"],
    [
      ["1", "", ""],
      ["2", "3", "4"],
    ],
  ],
  [
    "empty_crlf",
    'a,b,c\r\n1,"",""\r\n2,3,4\r\n',
    ["a", "b", "c"],
    [
      ["1", "", ""],
      ["2", "3", "4"],
    ],
  ],
  [
    "escaped_quotes",
    'a,b\n1,"ha ""ha"" ha"\n"""",4\n',
    ["a", "b"],
    [
      ["1", 'ha "ha" ha'],
      ['"', "4"],
    ],
  ],
  [
    "json",
    'key,value\n1,"{""type"": ""Point"", ""at"": [9.9, 48.4]}"\n',
    ["key", "value"],
    [["1", '{"type": "Point", "at": [9.9, 48.4]}']],
  ],
  ["location_coordinates", 'id,place\n7,"48.39, 9.98"', ["id", "place"], [["7", "48.39, 9.98"]]],
  [
    "newlines",
    'a,b\n1,2\n"Once\nupon",3\n',
    ["a", "b"],
    [
      ["1", "2"],
      ["Once\nupon", "3"],
    ],
  ],
  [
    "newlines_crlf",
    'a,b\r\n1,2\r\n"Once\r\nupon",3\r\n',
    ["a", "b"],
    [
      ["1", "2"],
      ["Once\r\nupon", "3"],
    ],
  ],
  [
    "quotes_and_newlines",
    'a,b\n1,"ha \n""ha"" \nha"\n3,4\n',
    ["a", "b"],
    [
      ["1", 'ha \n"ha" \nha'],
      ["3", "4"],
    ],
  ],
  [
    "utf8",
    "a,b\n1,ʤ\n€,😀\n",
    ["a", "b"],
    [
      ["1", "ʤ"],
      ["€", "😀"],
    ],
  ],
];

describe.each(cases)("%s", (_, text, fields, records) => {
  test.each([1, 2, 3, 7, 1000])("in chunks of %i bytes", (size) => {
    const decoded = decodeInChunks(sharedBytes(text), csvFormat, spec, [size]);
    expect(decoded.fields).toEqual(fields);
    expect(decoded.records.map(({ outcome }) => outcome)).toEqual(records);
  });
});
