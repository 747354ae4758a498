"""A loader by Neo4j's Python driver, as its manual shows: UNWIND of dictionaries in managed
transactions of 1,000 rows, one after the other.

Usage: loader.py URI FOLDER. See the README beside this folder for what it is asked and answers.
"""

import json
import os
import sys
import time

from neo4j import GraphDatabase

BATCH = 1_000

NODES = "UNWIND $rows AS row MERGE (n:Resource {id: row.id}) SET n += row"

RELATIONSHIPS = """
UNWIND $rows AS row
MATCH (a:Resource {id: row.source})
MATCH (b:Resource {id: row.target})
MERGE (a)-[r:%s]->(b)
SET r.weight = row.weight
"""


def read_rows(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def by_relation(rows):
    """The rows of each relationship type: a statement cannot take the type as a parameter."""
    groups = {}
    for row in rows:
        groups.setdefault(row.pop("relation"), []).append(row)
    return groups


def write(session, statement, rows):
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        session.execute_write(lambda transaction: transaction.run(statement, rows=batch).consume())


def main():
    uri, folder = sys.argv[1:3]
    user, password = os.environ.get("NEO4J_USER"), os.environ.get("NEO4J_PASSWORD", "")
    nodes = read_rows(folder, "nodes.jsonl")
    groups = by_relation(read_rows(folder, "relationships.jsonl"))
    with GraphDatabase.driver(uri, auth=(user, password) if user else None) as driver:
        driver.verify_connectivity()
        print("ready", flush=True)
        for line in sys.stdin:
            begun = time.perf_counter()
            with driver.session() as session:
                if line.strip() == "nodes":
                    write(session, NODES, nodes)
                else:
                    for relation, rows in groups.items():
                        write(session, RELATIONSHIPS % relation, rows)
            print(time.perf_counter() - begun, flush=True)


if __name__ == "__main__":
    main()
