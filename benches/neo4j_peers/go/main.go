// A loader by Neo4j's Go driver, as its manual shows: UNWIND of maps in managed transactions of
// 1,000 rows, one after the other or by several workers.
//
// Usage: loader URI FOLDER WORKERS. See the README beside this folder for what it is asked and
// answers.
package main

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
)

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: loader URI FOLDER WORKERS")
	}
	workers, err := strconv.Atoi(os.Args[3])
	check(err)
	nodes, relationships := nodeBatches(os.Args[2]), relationshipBatches(os.Args[2])
	ctx := context.Background()
	driver, err := neo4j.NewDriverWithContext(os.Args[1], credentials())
	check(err)
	defer driver.Close(ctx)
	check(driver.VerifyConnectivity(ctx))
	fmt.Println("ready")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		batches := relationships
		if strings.TrimSpace(lines.Text()) == "nodes" {
			batches = nodes
		}
		begun := time.Now()
		check(load(ctx, driver, batches, workers))
		fmt.Println(time.Since(begun).Seconds())
	}
}

func credentials() neo4j.AuthToken {
	user := os.Getenv("NEO4J_USER")
	if user == "" {
		return neo4j.NoAuth()
	}
	return neo4j.BasicAuth(user, os.Getenv("NEO4J_PASSWORD"), "")
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
