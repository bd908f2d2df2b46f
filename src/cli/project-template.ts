/** The files of a new project: orders from a CSV file, through a transform, into JSON lines. */

const JOB = `# A job: where records come from, what is done with them, where they go.
# npx millrace check job.yaml says what it promises, npx millrace run job.yaml runs it.
name: orders
source: { type: file, path: data/orders.csv }
columns: { id: int, quantity: int, unit_price: decimal, created_at: timestamp }
transform: ./orders.ts
sink: { type: file, path: out/orders.jsonl }
rejects: { type: file, path: out/orders.rejects.jsonl }
`;

const TRANSFORM = `import type { Transform } from "millrace";

type Order = { id: number; email: string; product: string; quantity: number; unit_price: string; created_at: Date };

// Called once a record, in threads: return a record, null to leave it out, or an array of several.
const transform: Transform<Order> = (order, context) => {
  if (!order.email.includes("@")) context.reject("bad e-mail");
  if (order.quantity === 0) return null;
  const total = (order.quantity * Number(order.unit_price)).toFixed(2);
  return { ...order, product: order.product.toUpperCase(), total };
};

export default transform;
`;

const SAMPLE = `id,email,product,quantity,unit_price,created_at
1,ada@example.com,"Desk, oak",1,349.00,2026-11-01T09:14:00Z
2,grace@example.com,Lamp,2,24.50,2026-11-01T10:02:30Z
3,not an address,Chair,4,89.90,2026-11-01T11:45:12Z
4,alan@example.com,"The ""tall"" shelf",1,129.00,2026-11-02T08:30:00Z
5,edsger@example.com,Lamp,0,24.50,2026-11-02T09:00:00Z
6,barbara@example.com,Chair,many,89.90,2026-11-02T12:20:41Z
7,donald@example.com,Desk,1,329.00,2026-11-02T16:05:00Z
`;

const FIXTURES = `{"name": "the product in capitals, and a total", "in": {"id": 2, "email": "grace@example.com", "product": "Lamp", "quantity": 2, "unit_price": "24.50", "created_at": "2026-11-01T10:02:30Z"}, "out": {"id": 2, "email": "grace@example.com", "product": "LAMP", "quantity": 2, "unit_price": "24.50", "created_at": "2026-11-01T10:02:30.000Z", "total": "49.00"}}
{"name": "nothing ordered", "in": {"id": 5, "email": "edsger@example.com", "product": "Lamp", "quantity": 0, "unit_price": "24.50", "created_at": "2026-11-02T09:00:00Z"}, "filtered": true}
{"name": "no address", "in": {"id": 3, "email": "not an address", "product": "Chair", "quantity": 4, "unit_price": "89.90", "created_at": "2026-11-01T11:45:12Z"}, "rejected": "bad e-mail"}
`;

const README = `# A millrace project

\`npx millrace run job.yaml\` reads data/orders.csv, runs orders.ts over every record in threads, and writes
out/orders.jsonl. Two of the seven sample records are wrong on purpose: they are in out/orders.rejects.jsonl, each with its line and
the reason. \`npx millrace test job.yaml\` tries the records of job.test.jsonl.
`;

const PACKAGE = `{
  "private": true,
  "type": "module"
}
`;

/** File texts by path in the project. */
export function projectFiles(): { readonly [file: string]: string } {
  return {
    "job.yaml": JOB,
    "orders.ts": TRANSFORM,
    "job.test.jsonl": FIXTURES,
    "data/orders.csv": SAMPLE,
    "README.md": README,
    "package.json": PACKAGE,
  };
}
