"""Checks the JSON Schema of jobs: `check_schema.py SCHEMA VALID.jsonl WRONG.json`.

VALID.jsonl has a job on each line, which the schema must accept. WRONG.json has a base and a list of faults,
each with members that replace the base's, which the schema must reject. Prints what is not so; the exit
status is 1 then.
"""
import json
import sys

from jsonschema import Draft202012Validator


def main() -> int:
    schema, valid, wrong = sys.argv[1:]
    with open(schema) as file:
        document = json.load(file)
    Draft202012Validator.check_schema(document)
    validator = Draft202012Validator(document)
    failures = 0
    with open(valid) as file:
        jobs = [json.loads(line) for line in file]
    for job in jobs:
        for error in validator.iter_errors(job):
            failures += 1
            print(f"{job.get('name', job)} is rejected at {error.json_path}: {error.message[:300]}")
    with open(wrong) as file:
        cases = json.load(file)
    if not validator.is_valid(cases["base"]):
        failures += 1
        print("the base of the wrong jobs is rejected")
    for case in cases["faults"]:
        job = {**cases["base"], **case["members"]}
        job = {key: value for key, value in job.items() if value != "REMOVED"}
        if validator.is_valid(job):
            failures += 1
            print(f"not rejected: {case['fault']}")
    print(f"{len(jobs)} jobs and {len(cases['faults'])} faults checked, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
