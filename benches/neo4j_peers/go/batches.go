package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

const rowsPerBatch = 1_000

const nodeStatement = "UNWIND $rows AS row MERGE (n:Resource {id: row.id}) SET n += row"

const relationshipStatement = `
UNWIND $rows AS row
MATCH (a:Resource {id: row.source})
MATCH (b:Resource {id: row.target})
MERGE (a)-[r:%s]->(b)
SET r.weight = row.weight`

// batch is what one transaction writes.
type batch struct {
	statement string
	rows      []map[string]any
}

func nodeBatches(folder string) []batch {
	return split(nodeStatement, readRows(filepath.Join(folder, "nodes.jsonl")))
}

// relationshipBatches groups by type first: a statement cannot take the type as a parameter.
func relationshipBatches(folder string) []batch {
	var relations []string
	groups := map[string][]map[string]any{}
	for _, row := range readRows(filepath.Join(folder, "relationships.jsonl")) {
		relation := row["relation"].(string)
		delete(row, "relation")
		row["weight"] = int64(row["weight"].(float64))
		if groups[relation] == nil {
			relations = append(relations, relation)
		}
		groups[relation] = append(groups[relation], row)
	}
	var batches []batch
	for _, relation := range relations {
		statement := fmt.Sprintf(relationshipStatement, relation)
		batches = append(batches, split(statement, groups[relation])...)
	}
	return batches
}

func split(statement string, rows []map[string]any) []batch {
	var batches []batch
	for ; len(rows) > rowsPerBatch; rows = rows[rowsPerBatch:] {
		batches = append(batches, batch{statement, rows[:rowsPerBatch]})
	}
	return append(batches, batch{statement, rows})
}

func readRows(path string) []map[string]any {
	file, err := os.Open(path)
	check(err)
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	var rows []map[string]any
	for lines.Scan() {
		var row map[string]any
		check(json.Unmarshal(lines.Bytes(), &row))
		rows = append(rows, row)
	}
	check(lines.Err())
	return rows
}
