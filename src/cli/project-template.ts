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

const README = `# A millrace project

\`npx millrace run job.yaml\` reads data/orders.csv, runs orders.ts over every record in threads, and writes
out/orders.jsonl. Two of the seven sample records are wrong on purpose: they are in out/orders.rejects.jsonl, each with its line and
the reason.
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
    "data/orders.csv": SAMPLE,
    "README.md": README,
    "package.json": PACKAGE,
  };
}
