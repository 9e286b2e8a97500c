/** What whoever links a phone should know; README.md says the same. */
export function LinkingNotice() {
  return (
    <>
      <p>
        Patchbay speaks WhatsApp&apos;s protocol as an unofficial client. WhatsApp&apos;s terms forbid that, and
        accounts that use such clients can be restricted or banned: link a number that you can afford to lose.
      </p>
      <p>
        Some accounts demand their passkey when a device is linked; that step needs a browser. Patchbay is for messages
        that people expect; nothing in it serves bulk messaging.
      </p>
    </>
  );
}
