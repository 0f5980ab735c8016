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

const body = readFileSync(process.argv[2], "utf8");
const [marker] = body.split("\n", 1);
if (!/^<!-- flexprice-sync:[a-z]+-[0-9a-f]{12} -->$/.test(marker)) throw new Error("the report has no marker");
const number = JSON.parse(readFileSync(eventFile, "utf8")).pull_request?.number;
if (!Number.isInteger(number)) throw new Error("the event is about no pull request");

try {
  const before = await commentBefore();
  const comments = `/repos/${repository}/issues/${number}/comments`;
  if (before === undefined) await ask("POST", comments, { body });
  else if (before.body !== body) await ask("PATCH", `/repos/${repository}/issues/comments/${before.id}`, { body });
  console.log(`The comment is ${before === undefined ? "new" : "up to date"}.`);
} catch (cause) {
  const hint =
    cause.status === 401 || cause.status === 403 || cause.status === 404
      ? " The job needs permissions: pull-requests: write, which pull requests of forks never have."
      : "";
  const said = `The report could not be put into a comment: ${cause.message}.${hint} It is in the summary of the job.`;
  console.log(`::warning::${said.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A")}`);
}

/** Ours, and nobody else's: who writes a comment can change it afterwards, and a marker is quickly copied. */
async function commentBefore() {
  for (let page = 1; page <= MOST_PAGES; page += 1) {
    const comments = await ask("GET", `/repos/${repository}/issues/${number}/comments?per_page=100&page=${page}`);
    const found = comments.find((comment) => comment.user?.login === author && isOurs(comment.body));
    if (found !== undefined) return found;
    if (comments.length < 100) return undefined;
  }
  return undefined;
}

function isOurs(text) {
  return text.split(/\r?\n/, 1)[0] === marker;
}

/** Asks again when GitHub has no answer; for a new comment only when it was surely not taken. */
async function ask(method, path, content) {
  for (let tries = 1; ; tries += 1) {
    const { status = 0, isTaken = false, answer } = await send(method, path, content);
    if (isTaken) return answer;
    const mayRepeat = status === 429 || ((status === 0 || status >= 500) && method !== "POST");
    if (!mayRepeat || tries === TRIES)
      throw Object.assign(new Error(`${method} ended with ${status || "no answer"} (${answer.message})`), { status });
    await new Promise((resolve) => setTimeout(resolve, tries * 1_000));
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
    return { status: response.status, isTaken: response.ok, answer };
  } catch (cause) {
    return { answer: { message: cause.cause?.code ?? cause.message } };
  }
}
