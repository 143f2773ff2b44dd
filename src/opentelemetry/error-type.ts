import { type Span, SpanStatusCode } from "@opentelemetry/api";
import { EventfoldError } from "../errors.ts";
import type { AttributeName } from "./names.ts";

/** Codes and names of classes are short; anything else could be data. */
const TYPE = /^[\w.-]{1,64}$/;
/** Five characters, which no error code of another kind that a driver gives has. */
const SQLSTATE = /^[0-9A-Z]{5}$/;

/** What spans and metrics say of an error: never its message, which may hold what a user has entered. */
export function errorType(error: unknown): string {
  const { code, name } = Object(error) as { readonly code?: unknown; readonly name?: unknown };
  if (error instanceof EventfoldError) return error.code;
  return [code, name].find((value): value is string => typeof value === "string" && TYPE.test(value)) ?? "_OTHER";
}

/** The error code of PostgreSQL in an error of its driver, or in the cause of one that a store has translated. */
export function sqlState(error: unknown): string | undefined {
  const { code, cause } = Object(error) as { readonly code?: unknown; readonly cause?: unknown };
  if (error instanceof EventfoldError) return cause === undefined ? undefined : sqlState(cause);
  return typeof code === "string" && SQLSTATE.test(code) ? code : undefined;
}

/** Marks a span as failed. */
export function failSpan(span: Span, error: unknown): void {
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.setAttribute("error.type" satisfies AttributeName, errorType(error));
}
