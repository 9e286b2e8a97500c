import type { FieldValues, Path, UseFormSetError } from "react-hook-form";
import type { ApiError } from "@/api/errors";

/** Shows what the server said about fields beside those fields; everything else stays for the form's own line. */
export function applyServerErrors<T extends FieldValues>(
  error: ApiError,
  setError: UseFormSetError<T>,
  fields: Path<T>[],
): void {
  for (const { field, message } of error.fields) {
    const known = fields.find((name) => name === field);
    if (known) setError(known, { message: sentence(message) });
    else setError("root", { message: `${field}: ${message}` });
  }
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
