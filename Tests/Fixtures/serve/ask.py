#!/usr/bin/env python3
"""Asks `dist-train serve`, and compares its answers with the lines of `dist-train predict`.

    ask.py PORT ROWS.json LINES.jsonl [KEY]

ROWS has the samples, a list; LINES has what `predict --format jsonl` says of each. Numbers are compared as
text, so that a bit more or less is a difference. The samples are asked alone, in batches of 2 to 130, and by
16 threads at the same time. Only the standard library is used: the client shares no code with the server.
"""
import http.client
import json
import sys
import threading

port, rows, lines = int(sys.argv[1]), json.load(open(sys.argv[2])), open(sys.argv[3]).read().splitlines()
key = sys.argv[4] if len(sys.argv) > 4 else None
headers = {"Content-Type": "application/json"}
if key:
    headers["Authorization"] = "Bearer " + key


def text(data):
    return json.loads(data, parse_float=str, parse_int=str)


def expected(line):
    """The answer that a line of `predict` means."""
    values = text(line)
    if "cluster" in values:
        return values
    if "class" not in values:
        return {"values": values}
    word = "probabilities" if any(name.startswith("p_") for name in values) else "scores"
    name = values.pop("class")
    return {"class": name, word: {column.split("_", 1)[1]: value for column, value in values.items()}}


wanted = [expected(line) for line in lines]
assert len(wanted) == len(rows), (len(wanted), len(rows))
faults = []


def ask(connection, first, count):
    indices = [(first + i) % len(rows) for i in range(count)]
    connection.request("POST", "/v1/predict", json.dumps({"inputs": [rows[i] for i in indices]}), headers)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        faults.append((answer.status, body[:300]))
    elif text(body)["predictions"] != [wanted[i] for i in indices]:
        faults.append((first, count, body[:300]))


def run(plan):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        for first, count in plan:
            ask(connection, first, count)
    except Exception as error:  # a thread's own exception would be lost
        faults.append(repr(error))
    connection.close()


run([(i, 1) for i in range(len(rows))])
run([(7 * n, n) for n in range(2, 131)])
plans = [[(31 * t + i, 1 + (t + i) % 5) for i in range(40)] for t in range(16)]
threads = [threading.Thread(target=run, args=(plan,)) for plan in plans]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(f"{len(faults)} differences in {len(rows)} samples", *faults[:3])
