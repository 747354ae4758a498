package main

import (
	"context"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
)

// load writes the batches by so many workers and gives the first error, if any.
func load(ctx context.Context, driver neo4j.DriverWithContext, batches []batch, workers int) error {
	queue := make(chan batch, len(batches))
	for _, one := range batches {
		queue <- one
	}
	close(queue)
	results := make(chan error, workers)
	for i := 0; i < workers; i++ {
		go func() { results <- work(ctx, driver, queue) }()
	}
	var first error
	for i := 0; i < workers; i++ {
		if err := <-results; first == nil {
			first = err
		}
	}
	return first
}

// work writes batches until there are none, each in a transaction that the driver retries.
func work(ctx context.Context, driver neo4j.DriverWithContext, queue <-chan batch) error {
	session := driver.NewSession(ctx, neo4j.SessionConfig{AccessMode: neo4j.AccessModeWrite})
	defer session.Close(ctx)
	for one := range queue {
		write := func(transaction neo4j.ManagedTransaction) (any, error) {
			result, err := transaction.Run(ctx, one.statement, map[string]any{"rows": one.rows})
			if err != nil {
				return nil, err
			}
			return result.Consume(ctx)
		}
		if _, err := session.ExecuteWrite(ctx, write); err != nil {
			return err
		}
	}
	return nil
}
