// What can go wrong with a request, in words for people and a code for programs.
import type { components } from "./schema";

export type ErrorCode = components["schemas"]["ErrorCode"];

export interface FieldError {
  field: string;
  message: string;
}

export class ApiError extends Error {
  override readonly name = "ApiError";

  private constructor(
    message: string,
    /** HTTP status; 0 when no answer came. */
    readonly status: number,
    /** A code of the server's list, or UNREACHABLE when no answer came. */
    readonly code: ErrorCode | "UNREACHABLE" | "UNKNOWN",
    /** The fields that were refused, if the server named any. */
    readonly fields: FieldError[],
    cause?: unknown,
  ) {
    super(message, { cause });
  }

  static fromAnswer(status: number, answer: unknown): ApiError {
    const envelope = (answer ?? {}) as Partial<components["schemas"]["ErrorEnvelope"]>;
    const message = envelope.error?.message ?? envelope.message ?? `The server answered with status ${status}.`;
    const fields = envelope.error?.details?.errors ?? [];
    return new ApiError(message, status, envelope.error?.code ?? "UNKNOWN", fields);
  }

  static unreachable(cause: unknown): ApiError {
    return new ApiError("The server cannot be reached. Is it running?", 0, "UNREACHABLE", [], cause);
  }
}

export const unreachable = ApiError.unreachable;

/** The sentence to show for any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "Something went wrong.";
}
