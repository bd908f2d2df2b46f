"""A contender: the design of the article that millrace started from, in Python: csv.DictReader, chunks of dicts through a
ProcessPoolExecutor, csv.DictWriter. Arguments: the CSV file, csv or jsonl, workers. Writes to standard output."""
import csv
import json
import re
import resource
import sys
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from itertools import islice

CHUNK = 5_000
COLUMNS = ["id", "customer_id", "created_at", "country", "category", "amount", "note", "email"]
EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")


def order_row(order):
    if not EMAIL.match(order["email"]):
        return None
    try:
        datetime.fromisoformat(order["created_at"])
    except ValueError:
        return None
    cents = int(order["quantity"]) * round(float(order["unit_price"]) * 100)
    row = {name: order.get(name) for name in COLUMNS}
    row.update(id=int(order["id"]), category=order["category"].upper(), amount=f"{cents / 100:.2f}")
    return row


def work(chunk):
    return [row for row in map(order_row, chunk) if row is not None]


def results(path, workers):
    with open(path, newline="", encoding="utf-8") as file, ProcessPoolExecutor(workers) as pool:
        reader = csv.DictReader(file)
        pending = deque()
        while chunk := list(islice(reader, CHUNK)):
            pending.append(pool.submit(work, chunk))
            if len(pending) >= 2 * workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def main():
    path, kind, workers = sys.argv[1], sys.argv[2], int(sys.argv[3])
    sys.stdout.reconfigure(encoding="utf-8", newline="")
    writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    for rows in results(path, workers):
        if kind == "csv":
            writer.writerows(rows)
        else:
            sys.stdout.writelines(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"peakMemoryBytes": peak * 1024}), file=sys.stderr)


if __name__ == "__main__":
    main()
