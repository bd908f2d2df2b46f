import { describe, expect, test } from "vitest";
import { type FakeAnswer, FakeHttpClient, type FakeRequest } from "./fake-http-client.ts";
import { bind, readRecords, readTexts, type SourceKeys, URL_OF_ITEMS } from "./support.ts";

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
const json = (value: unknown): FakeAnswer => ({ body: JSON.stringify(value) });

/** Ten records in pages of four, found in each of the ways. */
const TOTAL = 10;
const SIZE = 4;
const page = (from: number): number[] => numbers(from, Math.min(from + SIZE, TOTAL));
const linkTo = (from: number): Record<string, string> =>
  from < TOTAL ? { link: `</items?from=${from}>; rel="next", </items>; rel=first` } : {};

const SERVERS: Readonly<
  Record<
    string,
    { readonly keys: SourceKeys; readonly answer: (request: FakeRequest) => FakeAnswer; readonly requests: number }
  >
> = {
  "by number until one is empty": {
    keys: { pagination: { type: "page" } },
    answer: ({ query }) => json(page((Number(query["page"]) - 1) * SIZE)),
    requests: 4,
  },
  "by number until one is short": {
    keys: { pagination: { type: "page", param: "p", start: 0, size: SIZE, sizeParam: "n" } },
    answer: ({ query }) => (query["n"] === "4" ? json(page(Number(query["p"]) * SIZE)) : { status: 400 }),
    requests: 3,
  },
  "by offset": {
    keys: { pagination: { type: "offset", size: SIZE } },
    answer: ({ query }) => json(page(Number(query["offset"]))),
    requests: 3,
  },
  "by cursor": {
    keys: { records: "/data/items", pagination: { type: "cursor", param: "after", next: "/meta/next" } },
    answer: ({ query }) => {
      const from = Number(query["after"] ?? 0);
      return json({ meta: { next: from + SIZE < TOTAL ? String(from + SIZE) : null }, data: { items: page(from) } });
    },
    requests: 3,
  },
  "by a large numeric cursor": {
    keys: { records: "/data", pagination: { type: "cursor", next: "/next" } },
    answer: ({ query }) => {
      const from = query["cursor"] === undefined ? 0 : Number(query["cursor"].slice(-2));
      const next = from + SIZE < TOTAL ? `,"next":123456789012345678${String(from + SIZE).padStart(2, "0")}` : "";
      return { body: `{"data":${JSON.stringify(page(from))}${next}}` };
    },
    requests: 3,
  },
  "by the next page's address": {
    keys: { records: "/data", pagination: { type: "cursor", next: "/next" } },
    answer: ({ query }) => {
      const from = Number(query["from"] ?? 0);
      return json({ data: page(from), next: from + SIZE < TOTAL ? `?from=${from + SIZE}` : "" });
    },
    requests: 3,
  },
  "by links": {
    keys: { pagination: { type: "link" } },
    answer: ({ query }) => {
      const from = Number(query["from"] ?? 0);
      return { ...json(page(from)), headers: linkTo(from + SIZE) };
    },
    requests: 3,
  },
  "by links, in JSON lines": {
    keys: { format: "jsonl", pagination: { type: "link" } },
    answer: ({ query }) => {
      const from = Number(query["from"] ?? 0);
      return { body: `\uFEFF${page(from).join("\r\n\n")}`, headers: linkTo(from + SIZE) };
    },
    requests: 3,
  },
  "with a cursor in the body": {
    keys: {
      method: "POST",
      body: { query: "all" },
      records: "",
      pagination: { type: "offset", param: "/page/from", size: SIZE, sizeParam: "/page/size" },
    },
    answer: ({ body, headers }) => {
      const asked = JSON.parse(body) as {
        readonly query: string;
        readonly page: { readonly from: number; readonly size: number };
      };
      const isRight =
        headers["content-type"] === "application/json" && asked.query === "all" && asked.page.size === SIZE;
      return isRight ? json(page(asked.page.from)) : { status: 400 };
    },
    requests: 3,
  },
  "by number, several at once": {
    keys: { concurrency: 3, pagination: { type: "page", size: SIZE } },
    answer: ({ query }) => json(page((Number(query["page"]) - 1) * SIZE)),
    requests: 5,
  },
  "by offset, several at once": {
    keys: { concurrency: 2, pagination: { type: "offset", size: SIZE } },
    answer: ({ query }) => json(page(Number(query["offset"]))),
    requests: 4,
  },
};

describe.each(Object.entries(SERVERS))("pages %s", (_name, { keys, answer, requests }) => {
  const all = numbers(0, TOTAL).map(String);

  test("are read to the last one", async () => {
    const client = new FakeHttpClient(answer);
    await using source = await bind(client, keys);
    expect(await readTexts(source)).toEqual(all);
    expect(client.requests.length).toBe(requests);
    expect(source.splits.map(({ id }) => id)).toEqual([URL_OF_ITEMS]);
  });

  test("go on behind any record, after a crash or in a later run, with the same words for the same records", async () => {
    const client = new FakeHttpClient(answer);
    for (const incremental of [false, true]) {
      await using source = await bind(client, { ...keys, incremental });
      const records = await readRecords(source);
      for (const [index, { after }] of records.entries()) {
        const rest = await readRecords(source, { token: after, maxBytes: index % 2 === 0 ? 1 : 1024 });
        expect(rest).toEqual(records.slice(index + 1));
      }
    }
  });

  test("are asked for again where they could not be had", async () => {
    const faults: FakeAnswer[] = [{ status: 503 }, { status: 429 }, { cutAt: 1 }, { body: '{"data":[{' }, { body: "" }];
    const client = new FakeHttpClient((request) => {
      const fault = request.number % 2 === 0 ? faults.shift() : undefined;
      return fault === undefined || (keys.format === "jsonl" && fault.body !== undefined) ? answer(request) : fault;
    });
    const unavailable: unknown[] = [];
    await using source = await bind(client, keys);
    expect(await readTexts(source, { onUnavailable: (thrown) => unavailable.push(thrown) })).toEqual(all);
    expect(unavailable.length).toBeGreaterThan(1);
  });
});

describe("pages that are asked for at once", () => {
  test("are no more than concurrency says, and none behind the last one is waited for", async () => {
    const never = Promise.withResolvers<FakeAnswer>();
    const client = new FakeHttpClient(({ query }) => {
      const number = Number(query["page"]);
      return number > 4 ? never.promise : json(number < 4 ? numbers(10 * number, 10 * number + 2) : []);
    });
    await using source = await bind(client, { concurrency: 3, pagination: { type: "page", size: 2 } });
    expect(await readTexts(source)).toEqual(["10", "11", "20", "21", "30", "31"]);
    expect(client.most).toBe(3);
    never.resolve({});
  });

  test("throw what one of them met when its turn comes, and go on", async () => {
    let failures = 1;
    const client = new FakeHttpClient(({ query }) => {
      if (query["page"] === "2" && failures-- > 0) return { status: 500 };
      return json(Number(query["page"]) < 4 ? [Number(query["page"])] : []);
    });
    const seen: string[] = [];
    await using source = await bind(client, { concurrency: 2, pagination: { type: "page" } });
    const texts = await readTexts(source, {
      onUnavailable: () => seen.push(client.requests.map(({ query }) => query["page"]).join("")),
    });
    expect(texts).toEqual(["1", "2", "3"]);
    // the third was asked for before the second failed in its turn, and is not asked for again
    expect(seen).toEqual(["123"]);
    expect(client.requests.map(({ query }) => query["page"]).join("")).toBe("123245");
  });
});

describe("the records of a page", () => {
  const textsOf = async (body: string, keys: SourceKeys = {}): Promise<readonly string[]> => {
    await using source = await bind(new FakeHttpClient(() => ({ body })), { records: "/data", ...keys });
    return await readTexts(source);
  };

  test("keep their own bytes", async () => {
    const records = ['{"id":12345678901234567890,"price":1.50}', '{ "text": "a,]}\\n" ,\n "id": -0 }', "[ 1 ]", '"é"'];
    expect(await textsOf(`{"data":[${records.join(" ,\n")}],"next":null}`)).toEqual(records);
  });

  test("are one where an object is pointed at, and none where nothing is: null, no elements, no content", async () => {
    expect(await textsOf('{"data": {"id": 1} }')).toEqual(['{"id": 1}']);
    expect(await textsOf('{"data": null}')).toEqual([]);
    expect(await textsOf('{"data": [ ]}')).toEqual([]);
    await using empty = await bind(new FakeHttpClient(() => ({ status: 204 })), { records: "/data" });
    expect(await readTexts(empty)).toEqual([]);
  });

  test.each([
    ['{"items":[1],"next":2}', {}, "nothing stands at /data: the reply is an object with items, next"],
    ['{"data":{"a":1}}', { records: "/data/a/b" }, "nothing stands at /data/a/b: /data/a is a number"],
    ['{"items":[tru]}', {}, "nothing stands at /data: the reply is no JSON throughout"],
    [
      '{"data":[1],"next":"\\x"}',
      { pagination: { type: "cursor", next: "/next" } },
      "the reply is not JSON at byte 19 (line 1)",
    ],
    ['{"data":7}', {}, "/data is a number, and an array of records or one object was expected"],
    ['{"data":[1],"next":{}}', { pagination: { type: "cursor", next: "/next" } }, "/next holds an object in the reply"],
    [
      "<html>\n<p>Sign in",
      {},
      'not JSON at byte 0 (line 1): "<html>\\n<p>Sign in"; a login page or a proxy may have answered',
    ],
    ['{"data":[{"a":1}}', {}, "not JSON at byte 16 (line 1)"],
    ['{"data":[1]}\n{"data":[2]}', {}, "not JSON at byte 13 (line 2)"],
  ] as const)("are missed in %s", async (body, keys, message) => {
    await expect(textsOf(body, keys)).rejects.toMatchObject({
      code: "SOURCE_FAILED",
      message: expect.stringContaining(message),
    });
  });

  test("have to be pointed at where pages are wrapped in an object", async () => {
    await using source = await bind(new FakeHttpClient(() => json({ data: [1], next: 2 })), {
      pagination: { type: "page" },
    });
    await expect(readTexts(source)).rejects.toMatchObject({
      code: "SOURCE_FAILED",
      message: expect.stringContaining(
        "the reply is an object with data, next, and an array of records was expected; set source.records",
      ),
    });
  });

  test("come no further than maxBytes", async () => {
    const keys = { records: "", maxBytes: 10 };
    await expect(textsOf("[1,2,3,4,5,6,7]", keys)).rejects.toMatchObject({ code: "SOURCE_FAILED" });
  });
});

describe("a page that is no longer what it was", () => {
  const keys = { records: "/data" };

  test("is read again from its start when records came or went before the place", async () => {
    let list = [1, 2, 3, 4];
    const client = new FakeHttpClient(() => json({ data: list }));
    await using source = await bind(client, keys);
    const token = (await readRecords(source))[1]?.after ?? "";
    list = [0, 1, 2, 3, 4];
    expect(await readTexts(source, { token })).toEqual(["0", "1", "2", "3", "4"]);
    list = [2, 3, 4];
    expect(await readTexts(source, { token })).toEqual(["2", "3", "4"]);
    list = [9];
    expect(await readTexts(source, { token })).toEqual(["9"]);
    list = [1, 2, 3];
    expect(await readTexts(source, { token })).toEqual(["3"]);
  });
});

describe("a later run of an incremental source", () => {
  const date = "Sun, 22 Nov 2026 10:00:02 GMT";
  test.each([
    ["by its ETag", (length: number) => ({ etag: `"${length}"`, date, "last-modified": date }), "if-none-match"],
    [
      "by its time",
      (length: number) => ({ date, "last-modified": `Sun, 22 Nov 2026 09:00:0${length} GMT` }),
      "if-modified-since",
    ],
    ["not by a time that is not over", () => ({ date, "last-modified": date }), "none"],
  ])("asks whether the last page has changed, %s, and reads what was added to it", async (_how, validators, asked) => {
    let list = ["a", "b"];
    const client = new FakeHttpClient(({ headers }) => {
      const sent: Readonly<Record<string, string>> = validators(list.length);
      const known = headers["if-none-match"] ?? headers["if-modified-since"];
      if (known !== undefined && Object.values(sent).includes(known)) return { status: 304 };
      return { ...json({ data: list, next: null }), headers: sent };
    });
    const pagination = { type: "cursor", next: "/next" } as const;
    await using source = await bind(client, { records: "/data", incremental: true, pagination });
    const token = (await readRecords(source)).at(-1)?.after ?? "";
    const later = (await source.continueFrom?.([{ id: URL_OF_ITEMS, token }])) ?? source;
    expect(await readTexts(later, { token })).toEqual([]);
    expect(Object.keys(client.requests[1]?.headers ?? {}).join("") || "none").toBe(asked);
    list = ["a", "b", "c"];
    expect(await readTexts(later, { token })).toEqual(['"c"']);
  });

  test("goes on with the cursor that the last page named, and ends where it stays the same", async () => {
    let last = 3;
    const client = new FakeHttpClient(({ query }) => {
      const from = Number(query["cursor"] ?? 0);
      const data = numbers(from, Math.min(from + 2, last));
      return json({ data, next: String(from + data.length) });
    });
    await using source = await bind(client, {
      records: "/data",
      incremental: true,
      pagination: { type: "cursor", next: "/next" },
    });
    const records = await readRecords(source);
    expect(records.map(({ text }) => text)).toEqual(["0", "1", "2"]);
    last = 5;
    const token = records.at(-1)?.after ?? "";
    expect(token).toBe('{"page":"3","index":0}');
    expect(await readTexts(source, { token })).toEqual(["3", "4"]);
  });

  test("asks a page of unknown size again, and goes on at the very offset otherwise", async () => {
    let total = 3;
    const client = new FakeHttpClient(({ query }) => {
      const from = query["offset"] === undefined ? (Number(query["page"]) - 1) * 2 : Number(query["offset"]);
      return json(numbers(from, Math.min(from + 2, total)));
    });
    for (const type of ["page", "offset"] as const) {
      total = 3;
      await using source = await bind(client, { incremental: true, pagination: { type } });
      const token = (await readRecords(source)).at(-1)?.after ?? "";
      total = 6;
      expect(await readTexts(source, { token })).toEqual(["3", "4", "5"]);
    }
  });
});

describe("pages without an end", () => {
  const readLoop = async (
    next: (cursor: string | undefined) => string,
    records: (from: number) => number[] = (n) => [n],
  ) => {
    const client = new FakeHttpClient(({ query, number }) =>
      json({ data: records(number), next: next(query["cursor"]) }),
    );
    await using source = await bind(client, { records: "/data", pagination: { type: "cursor", next: "/next" } });
    await expect(readTexts(source)).rejects.toMatchObject({
      code: "SOURCE_FAILED",
      message: expect.stringContaining("the pages go round in a loop: cursor "),
    });
    return client.requests.length;
  };

  test("are noticed where a cursor comes again: at once, behind others, with empty pages", async () => {
    expect(await readLoop(() => "same")).toBe(2);
    expect(await readLoop((cursor) => (cursor === "b" ? "a" : cursor === "a" ? "b" : "a"))).toBe(3);
    expect(
      await readLoop(
        (cursor) => (cursor === "b" ? "a" : "b"),
        () => [],
      ),
    ).toBe(3);
  });

  test("are noticed where the circle is long", async () => {
    const length = 3_000;
    const requests = await readLoop((cursor) => String((Number(cursor ?? 0) + 1) % length));
    expect(requests).toBeLessThan(4 * length);
  });

  test("are noticed where the server does not know the parameter", async () => {
    const client = new FakeHttpClient(() => json([1, 2]));
    await using source = await bind(client, { pagination: { type: "page", param: "seite" } });
    await expect(readTexts(source)).rejects.toMatchObject({
      code: "SOURCE_FAILED",
      message: expect.stringContaining(
        "seite 2 holds the same 2 records as seite 1: does the server know this parameter?",
      ),
    });
  });

  test("are none: an empty page that names another one is passed over", async () => {
    const pages: Readonly<Record<string, unknown>> = { a: { data: [], next: "b" }, b: { data: [2] } };
    const client = new FakeHttpClient(({ query }) => json(pages[query["cursor"] ?? ""] ?? { data: [1], next: "a" }));
    await using source = await bind(client, { records: "/data", pagination: { type: "cursor", next: "/next" } });
    expect(await readTexts(source)).toEqual(["1", "2"]);
  });
});

describe("addresses of next pages", () => {
  const keys: SourceKeys = {
    query: { key: "s3cret", lang: "de" },
    auth: { type: "apiKey", name: "api", value: "s3cret2", in: "query" },
    pagination: { type: "link" },
  };

  test("are kept without what the job gave, which is put back when they are asked for", async () => {
    const link = "<https://api.test/items?key=s3cret&lang=de&api=s3cret2&from=1>; rel=next";
    const client = new FakeHttpClient(({ query }) =>
      query["from"] === "1" ? json([2]) : { ...json([1]), headers: { link } },
    );
    await using source = await bind(client, keys);
    const records = await readRecords(source);
    expect(records.map(({ after }) => after).join("")).not.toMatch(/s3cret/);
    expect(client.requests[1]?.query).toEqual({ key: "s3cret", lang: "de", api: "s3cret2", from: "1" });
    expect(await readTexts(source, { token: records[0]?.after ?? "" })).toEqual(["2"]);
  });

  test("are refused on another server", async () => {
    const headers = { link: '<https://elsewhere.test/items?from=1>; rel="next"' };
    await using source = await bind(new FakeHttpClient(() => ({ ...json([1]), headers })), keys);
    await expect(readTexts(source)).rejects.toMatchObject({
      code: "SOURCE_FAILED",
      message: expect.stringContaining(
        "names a next page at https://elsewhere.test, and nothing is sent to another server",
      ),
    });
  });
});

describe("a paged source", () => {
  test("asks for nothing before it is read, shows what the first page has, and closes its client", async () => {
    const client = new FakeHttpClient(() => json([1, 2]));
    {
      await using source = await bind(client, {
        url: "https://me:pass@api.test/items?key=s3cret",
        pagination: { type: "page" },
      });
      expect(client.requests).toEqual([]);
      expect([source.label, source.splits[0]?.id]).toEqual([`http ${URL_OF_ITEMS}`, URL_OF_ITEMS]);
      expect(await source.look?.(new AbortController().signal)).toBe(
        "the first page has 2 records, and more pages behind it",
      );
      expect(source.pools?.()).toEqual({ "http source requests": 0, "http source connections": 0 });
    }
    expect(client.isClosed).toBe(true);
  });

  test("refuses a position of another kind", async () => {
    await using source = await bind(new FakeHttpClient(() => json([])), { pagination: { type: "page" } });
    for (const token of ["4711", '{"page":"abc","index":0}', "{", "null"]) {
      await expect(readTexts(source, { token })).rejects.toMatchObject({ code: "SOURCE_CHANGED" });
    }
  });

  test("ends when it is stopped", async () => {
    const stop = new AbortController();
    const client = new FakeHttpClient(({ number }) => {
      if (number === 2) stop.abort();
      return json([number]);
    });
    await using source = await bind(client, { pagination: { type: "page" } });
    await expect(readTexts(source, { signal: stop.signal })).rejects.toMatchObject({ code: "ABORTED" });
    expect(client.requests.length).toBe(3);
  });
});
