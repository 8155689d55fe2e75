package storage

import (
	"context"
	"database/sql"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Migrate brings a database's schema up to date. dialect is goose's name of the
// engine. Drivers call it when they open; it does nothing when there is nothing to do.
func Migrate(ctx context.Context, db *sql.DB, dialect string) error {
	p, err := goose.NewProvider(database.Dialect(dialect), db, Migrations())
	if err != nil {
		return gateway.Errorf(gateway.CodeInternal, "the migrations cannot be read: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return gateway.Errorf(gateway.CodeUnavailable, "the schema could not be brought up to date: %w", err)
	}
	return nil
}
