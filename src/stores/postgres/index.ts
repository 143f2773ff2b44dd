export { connectPostgres, type PostgresStorage } from "./connect-postgres.ts";
export type {
  AggregateIdType,
  PostgresOptions,
  PostgresPool,
  PostgresQuery,
  PostgresResult,
} from "./database.ts";
export { type MigrateOptions, migratePostgres, postgresMigrationSql } from "./migrations.ts";
export { PostgresEventStore } from "./postgres-event-store.ts";
export { PostgresSnapshotStore } from "./postgres-snapshot-store.ts";
