// Waiting without guessing: every wait has a condition and a deadline whose failure says what was awaited.

export const DEADLINE_MS = 15_000;

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Rejects with a sentence when `promise` has not settled after `ms`. */
export async function within(promise, what, ms = DEADLINE_MS) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no ${what} within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Calls `condition` until it returns something truthy and returns that. Errors count as "not yet". */
export async function until(condition, what, ms = DEADLINE_MS, every = 20) {
  const end = Date.now() + ms;
  let last;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) {
      throw new Error(`not within ${ms} ms: ${what}${last ? ` (last: ${last.message})` : ''}`);
    }
    await sleep(every);
  }
}

/**
 * For checks whose protocol timing is a few hundred milliseconds: a busy machine may be late once, a wrong server is
 * wrong every time. The last failure is thrown.
 */
export async function attempts(count, check) {
  for (let n = 1; ; n += 1) {
    try {
      return await check();
    } catch (error) {
      if (n === count) throw error;
    }
  }
}
