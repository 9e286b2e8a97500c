// The account's passkey answers only on WhatsApp's own site, so a person runs this there. It waits for a click,
// because browsers want one on the page before they ask for a passkey.

/** JavaScript for the console of web.whatsapp.com; prints what is to be handed in. */
export function passkeySnippet(options: Record<string, unknown>): string {
  return `addEventListener("click", async () => {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(${JSON.stringify(options)});
  const credential = await navigator.credentials.get({ publicKey });
  console.log(JSON.stringify(credential.toJSON()));
}, { once: true });
console.log("Now click anywhere on this page.");`;
}

/** The object in what was pasted: consoles like to put quotes around it. Undefined when there is none. */
export function readAssertion(pasted: string): string | undefined {
  let text = pasted.trim();
  for (let unquoted = 0; unquoted < 2; unquoted += 1) {
    const parsed = parse(text);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return JSON.stringify(parsed);
    if (typeof parsed === "string") text = parsed;
    else if (/^'.*'$/s.test(text)) text = text.slice(1, -1);
    else return undefined;
  }
  const parsed = parse(text);
  return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed) ? JSON.stringify(parsed) : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
