// Puts a report into one comment of the pull request that a job runs for: over the comment before it, which it knows by the hidden
// first line, or else as a new one. A comment that cannot be written is a warning: the report is in the summary of the job, too.
//
//   node comment.mjs REPORT.md      with TOKEN, AUTHOR and the variables that GitHub sets
import { readFileSync } from "node:fs";

const {
  TOKEN: token = "",
  AUTHOR: author = "github-actions[bot]",
  GITHUB_API_URL: api = "https://api.github.com",
  GITHUB_REPOSITORY: repository = "",
  GITHUB_EVENT_PATH: eventFile = "",
} = process.env;

/** More comments than that nobody reads. */
const MOST_PAGES = 50;
const TRIES = 3;
/** Longer than that a job does not wait for a comment. */
const MOST_SECONDS = 60;

try {
  console.log(`The comment is ${await putReport(readFileSync(process.argv[2], "utf8"))}.`);
} catch (cause) {
  const isRefused = cause.status === 401 || cause.status === 403 || cause.status === 404;
  const hint = isRefused
    ? " The job needs permissions: pull-requests: write, which pull requests of forks never have."
    : "";
  const said = `The report could not be put into a comment: ${cause.message}.${hint} It is in the summary of the job.`;
  console.log(`::warning::${said.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A")}`);
}

/** Writes it over the comment before it, or as a new one; says which. */
async function putReport(body) {
  const [marker] = body.split("\n", 1);
  if (!/^<!-- flexprice-sync:[a-z]+-[0-9a-f]{12} -->$/.test(marker)) throw new Error("the report has no marker");
  const number = JSON.parse(readFileSync(eventFile, "utf8")).pull_request?.number;
  if (!Number.isInteger(number)) throw new Error("the event is about no pull request");
  const comments = `/repos/${repository}/issues/${number}/comments`;
  const before = await commentBefore(comments, marker);
  if (before === undefined) await ask("POST", comments, { body });
  else if (before.body !== body) await ask("PATCH", `/repos/${repository}/issues/comments/${before.id}`, { body });
  return before === undefined ? "new" : "up to date";
}

/** Ours, and nobody else's: who writes a comment can change it afterwards, and a marker is quickly copied. */
async function commentBefore(path, marker) {
  for (let page = 1; page <= MOST_PAGES; page += 1) {
    const comments = await ask("GET", `${path}?per_page=100&page=${page}`);
    if (!Array.isArray(comments)) throw new Error("GET was answered with no list of comments");
    const found = comments.find(
      (comment) => comment.user?.login === author && comment.body?.split(/\r?\n/, 1)[0] === marker,
    );
    if (found !== undefined) return found;
    if (comments.length < 100) return undefined;
  }
  return undefined;
}

/** Asks again when GitHub has no answer; for a new comment only when it was surely not taken. */
async function ask(method, path, content) {
  for (let tries = 1; ; tries += 1) {
    const { status = 0, isTaken = false, waitSeconds, answer } = await send(method, path, content);
    if (isTaken) return answer;
    const isLimited = status === 429 || (status === 403 && waitSeconds !== undefined);
    const mayRepeat = isLimited || ((status === 0 || status >= 500) && method !== "POST");
    if (!mayRepeat || tries === TRIES)
      throw Object.assign(new Error(`${method} ended with ${status || "no answer"} (${answer.message})`), { status });
    await new Promise((resolve) => setTimeout(resolve, Math.min(waitSeconds ?? tries, MOST_SECONDS) * 1_000));
  }
}

async function send(method, path, content) {
  try {
    const response = await fetch(`${api}${path}`, {
      method,
      headers: {
        accept: "application/vnd.github+json",
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        "user-agent": "flexprice-sync",
      },
      redirect: "error",
      signal: AbortSignal.timeout(20_000),
      ...(content === undefined ? {} : { body: JSON.stringify(content) }),
    });
    const answer = await response.json().catch(() => ({ message: "an answer that is no JSON" }));
    const wait = response.headers.get("retry-after");
    return {
      status: response.status,
      isTaken: response.ok,
      answer,
      ...(wait === null ? {} : { waitSeconds: Number(wait) || 1 }),
    };
  } catch (cause) {
    return { answer: { message: cause.cause?.code ?? cause.message } };
  }
}
