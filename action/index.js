// Made by `npm run generate` from action/src/. Do not edit.
// It holds @actions/core:
//
// The MIT License (MIT)
//
// Copyright 2019 GitHub
//
// Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:
//
// The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.
//
// THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.

// node_modules/@actions/core/lib/command.js
import * as os from "os";

// node_modules/@actions/core/lib/utils.js
function toCommandValue(input) {
  if (input === null || input === void 0) {
    return "";
  } else if (typeof input === "string" || input instanceof String) {
    return input;
  }
  return JSON.stringify(input);
}
function toCommandProperties(annotationProperties) {
  if (!Object.keys(annotationProperties).length) {
    return {};
  }
  return {
    title: annotationProperties.title,
    file: annotationProperties.file,
    line: annotationProperties.startLine,
    endLine: annotationProperties.endLine,
    col: annotationProperties.startColumn,
    endColumn: annotationProperties.endColumn
  };
}

// node_modules/@actions/core/lib/command.js
function issueCommand(command, properties, message) {
  const cmd = new Command(command, properties, message);
  process.stdout.write(cmd.toString() + os.EOL);
}
function issue(name, message = "") {
  issueCommand(name, {}, message);
}
var CMD_STRING = "::";
var Command = class {
  constructor(command, properties, message) {
    if (!command) {
      command = "missing.command";
    }
    this.command = command;
    this.properties = properties;
    this.message = message;
  }
  toString() {
    let cmdStr = CMD_STRING + this.command;
    if (this.properties && Object.keys(this.properties).length > 0) {
      cmdStr += " ";
      let first = true;
      for (const key in this.properties) {
        if (this.properties.hasOwnProperty(key)) {
          const val = this.properties[key];
          if (val) {
            if (first) {
              first = false;
            } else {
              cmdStr += ",";
            }
            cmdStr += `${key}=${escapeProperty(val)}`;
          }
        }
      }
    }
    cmdStr += `${CMD_STRING}${escapeData(this.message)}`;
    return cmdStr;
  }
};
function escapeData(s) {
  return toCommandValue(s).replace(/%/g, "%25").replace(/\r/g, "%0D").replace(/\n/g, "%0A");
}
function escapeProperty(s) {
  return toCommandValue(s).replace(/%/g, "%25").replace(/\r/g, "%0D").replace(/\n/g, "%0A").replace(/:/g, "%3A").replace(/,/g, "%2C");
}

// node_modules/@actions/core/lib/file-command.js
import * as crypto from "crypto";
import * as fs from "fs";
import * as os2 from "os";
function issueFileCommand(command, message) {
  const filePath = process.env[`GITHUB_${command}`];
  if (!filePath) {
    throw new Error(`Unable to find environment variable for file command ${command}`);
  }
  if (!fs.existsSync(filePath)) {
    throw new Error(`Missing file at path: ${filePath}`);
  }
  fs.appendFileSync(filePath, `${toCommandValue(message)}${os2.EOL}`, {
    encoding: "utf8"
  });
}
function prepareKeyValueMessage(key, value2) {
  const delimiter = `ghadelimiter_${crypto.randomUUID()}`;
  const convertedValue = toCommandValue(value2);
  if (key.includes(delimiter)) {
    throw new Error(`Unexpected input: name should not contain the delimiter "${delimiter}"`);
  }
  if (convertedValue.includes(delimiter)) {
    throw new Error(`Unexpected input: value should not contain the delimiter "${delimiter}"`);
  }
  return `${key}<<${delimiter}${os2.EOL}${convertedValue}${os2.EOL}${delimiter}`;
}

// node_modules/@actions/core/lib/core.js
import * as os4 from "os";

// node_modules/@actions/core/lib/summary.js
import { EOL as EOL3 } from "os";
import { constants, promises } from "fs";
var __awaiter = function(thisArg, _arguments, P, generator) {
  function adopt(value2) {
    return value2 instanceof P ? value2 : new P(function(resolve4) {
      resolve4(value2);
    });
  }
  return new (P || (P = Promise))(function(resolve4, reject) {
    function fulfilled(value2) {
      try {
        step(generator.next(value2));
      } catch (e) {
        reject(e);
      }
    }
    function rejected(value2) {
      try {
        step(generator["throw"](value2));
      } catch (e) {
        reject(e);
      }
    }
    function step(result) {
      result.done ? resolve4(result.value) : adopt(result.value).then(fulfilled, rejected);
    }
    step((generator = generator.apply(thisArg, _arguments || [])).next());
  });
};
var { access, appendFile, writeFile } = promises;
var SUMMARY_ENV_VAR = "GITHUB_STEP_SUMMARY";
var Summary = class {
  constructor() {
    this._buffer = "";
  }
  /**
   * Finds the summary file path from the environment, rejects if env var is not found or file does not exist
   * Also checks r/w permissions.
   *
   * @returns step summary file path
   */
  filePath() {
    return __awaiter(this, void 0, void 0, function* () {
      if (this._filePath) {
        return this._filePath;
      }
      const pathFromEnv = process.env[SUMMARY_ENV_VAR];
      if (!pathFromEnv) {
        throw new Error(`Unable to find environment variable for $${SUMMARY_ENV_VAR}. Check if your runtime environment supports job summaries.`);
      }
      try {
        yield access(pathFromEnv, constants.R_OK | constants.W_OK);
      } catch (_a) {
        throw new Error(`Unable to access summary file: '${pathFromEnv}'. Check if the file has correct read/write permissions.`);
      }
      this._filePath = pathFromEnv;
      return this._filePath;
    });
  }
  /**
   * Wraps content in an HTML tag, adding any HTML attributes
   *
   * @param {string} tag HTML tag to wrap
   * @param {string | null} content content within the tag
   * @param {[attribute: string]: string} attrs key-value list of HTML attributes to add
   *
   * @returns {string} content wrapped in HTML element
   */
  wrap(tag, content, attrs = {}) {
    const htmlAttrs = Object.entries(attrs).map(([key, value2]) => ` ${key}="${value2}"`).join("");
    if (!content) {
      return `<${tag}${htmlAttrs}>`;
    }
    return `<${tag}${htmlAttrs}>${content}</${tag}>`;
  }
  /**
   * Writes text in the buffer to the summary buffer file and empties buffer. Will append by default.
   *
   * @param {SummaryWriteOptions} [options] (optional) options for write operation
   *
   * @returns {Promise<Summary>} summary instance
   */
  write(options) {
    return __awaiter(this, void 0, void 0, function* () {
      const overwrite = !!(options === null || options === void 0 ? void 0 : options.overwrite);
      const filePath = yield this.filePath();
      const writeFunc = overwrite ? writeFile : appendFile;
      yield writeFunc(filePath, this._buffer, { encoding: "utf8" });
      return this.emptyBuffer();
    });
  }
  /**
   * Clears the summary buffer and wipes the summary file
   *
   * @returns {Summary} summary instance
   */
  clear() {
    return __awaiter(this, void 0, void 0, function* () {
      return this.emptyBuffer().write({ overwrite: true });
    });
  }
  /**
   * Returns the current summary buffer as a string
   *
   * @returns {string} string of summary buffer
   */
  stringify() {
    return this._buffer;
  }
  /**
   * If the summary buffer is empty
   *
   * @returns {boolen} true if the buffer is empty
   */
  isEmptyBuffer() {
    return this._buffer.length === 0;
  }
  /**
   * Resets the summary buffer without writing to summary file
   *
   * @returns {Summary} summary instance
   */
  emptyBuffer() {
    this._buffer = "";
    return this;
  }
  /**
   * Adds raw text to the summary buffer
   *
   * @param {string} text content to add
   * @param {boolean} [addEOL=false] (optional) append an EOL to the raw text (default: false)
   *
   * @returns {Summary} summary instance
   */
  addRaw(text, addEOL = false) {
    this._buffer += text;
    return addEOL ? this.addEOL() : this;
  }
  /**
   * Adds the operating system-specific end-of-line marker to the buffer
   *
   * @returns {Summary} summary instance
   */
  addEOL() {
    return this.addRaw(EOL3);
  }
  /**
   * Adds an HTML codeblock to the summary buffer
   *
   * @param {string} code content to render within fenced code block
   * @param {string} lang (optional) language to syntax highlight code
   *
   * @returns {Summary} summary instance
   */
  addCodeBlock(code, lang) {
    const attrs = Object.assign({}, lang && { lang });
    const element = this.wrap("pre", this.wrap("code", code), attrs);
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds an HTML list to the summary buffer
   *
   * @param {string[]} items list of items to render
   * @param {boolean} [ordered=false] (optional) if the rendered list should be ordered or not (default: false)
   *
   * @returns {Summary} summary instance
   */
  addList(items, ordered = false) {
    const tag = ordered ? "ol" : "ul";
    const listItems = items.map((item) => this.wrap("li", item)).join("");
    const element = this.wrap(tag, listItems);
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds an HTML table to the summary buffer
   *
   * @param {SummaryTableCell[]} rows table rows
   *
   * @returns {Summary} summary instance
   */
  addTable(rows) {
    const tableBody = rows.map((row) => {
      const cells = row.map((cell) => {
        if (typeof cell === "string") {
          return this.wrap("td", cell);
        }
        const { header, data, colspan, rowspan } = cell;
        const tag = header ? "th" : "td";
        const attrs = Object.assign(Object.assign({}, colspan && { colspan }), rowspan && { rowspan });
        return this.wrap(tag, data, attrs);
      }).join("");
      return this.wrap("tr", cells);
    }).join("");
    const element = this.wrap("table", tableBody);
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds a collapsable HTML details element to the summary buffer
   *
   * @param {string} label text for the closed state
   * @param {string} content collapsable content
   *
   * @returns {Summary} summary instance
   */
  addDetails(label, content) {
    const element = this.wrap("details", this.wrap("summary", label) + content);
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds an HTML image tag to the summary buffer
   *
   * @param {string} src path to the image you to embed
   * @param {string} alt text description of the image
   * @param {SummaryImageOptions} options (optional) addition image attributes
   *
   * @returns {Summary} summary instance
   */
  addImage(src, alt, options) {
    const { width, height } = options || {};
    const attrs = Object.assign(Object.assign({}, width && { width }), height && { height });
    const element = this.wrap("img", null, Object.assign({ src, alt }, attrs));
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds an HTML section heading element
   *
   * @param {string} text heading text
   * @param {number | string} [level=1] (optional) the heading level, default: 1
   *
   * @returns {Summary} summary instance
   */
  addHeading(text, level) {
    const tag = `h${level}`;
    const allowedTag = ["h1", "h2", "h3", "h4", "h5", "h6"].includes(tag) ? tag : "h1";
    const element = this.wrap(allowedTag, text);
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds an HTML thematic break (<hr>) to the summary buffer
   *
   * @returns {Summary} summary instance
   */
  addSeparator() {
    const element = this.wrap("hr", null);
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds an HTML line break (<br>) to the summary buffer
   *
   * @returns {Summary} summary instance
   */
  addBreak() {
    const element = this.wrap("br", null);
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds an HTML blockquote to the summary buffer
   *
   * @param {string} text quote text
   * @param {string} cite (optional) citation url
   *
   * @returns {Summary} summary instance
   */
  addQuote(text, cite) {
    const attrs = Object.assign({}, cite && { cite });
    const element = this.wrap("blockquote", text, attrs);
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds an HTML anchor tag to the summary buffer
   *
   * @param {string} text link text/content
   * @param {string} href hyperlink
   *
   * @returns {Summary} summary instance
   */
  addLink(text, href) {
    const element = this.wrap("a", text, { href });
    return this.addRaw(element).addEOL();
  }
};
var _summary = new Summary();
var summary = _summary;

// node_modules/@actions/core/lib/platform.js
import os3 from "os";
var platform = os3.platform();
var arch = os3.arch();

// node_modules/@actions/core/lib/core.js
var ExitCode;
(function(ExitCode2) {
  ExitCode2[ExitCode2["Success"] = 0] = "Success";
  ExitCode2[ExitCode2["Failure"] = 1] = "Failure";
})(ExitCode || (ExitCode = {}));
function getInput(name, options) {
  const val = process.env[`INPUT_${name.replace(/ /g, "_").toUpperCase()}`] || "";
  if (options && options.required && !val) {
    throw new Error(`Input required and not supplied: ${name}`);
  }
  if (options && options.trimWhitespace === false) {
    return val;
  }
  return val.trim();
}
function getBooleanInput(name, options) {
  const trueValue = ["true", "True", "TRUE"];
  const falseValue = ["false", "False", "FALSE"];
  const val = getInput(name, options);
  if (trueValue.includes(val))
    return true;
  if (falseValue.includes(val))
    return false;
  throw new TypeError(`Input does not meet YAML 1.2 "Core Schema" specification: ${name}
Support boolean input list: \`true | True | TRUE | false | False | FALSE\``);
}
function setOutput(name, value2) {
  const filePath = process.env["GITHUB_OUTPUT"] || "";
  if (filePath) {
    return issueFileCommand("OUTPUT", prepareKeyValueMessage(name, value2));
  }
  process.stdout.write(os4.EOL);
  issueCommand("set-output", { name }, toCommandValue(value2));
}
function setFailed(message) {
  process.exitCode = ExitCode.Failure;
  error(message);
}
function error(message, properties = {}) {
  issueCommand("error", toCommandProperties(properties), message instanceof Error ? message.toString() : message);
}
function warning(message, properties = {}) {
  issueCommand("warning", toCommandProperties(properties), message instanceof Error ? message.toString() : message);
}
function notice(message, properties = {}) {
  issueCommand("notice", toCommandProperties(properties), message instanceof Error ? message.toString() : message);
}
function info(message) {
  process.stdout.write(message + os4.EOL);
}
function startGroup(name) {
  issue("group", name);
}
function endGroup() {
  issue("endgroup");
}

// action/src/apply.ts
import { resolve as resolve2 } from "node:path";

// src/report/escape.ts
var UNSAFE = new RegExp("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Cs}]|(?![ \\u3000])\\p{Zs}", "gu");
var EMOJI_JOINER = new RegExp("(?<=[\\p{Extended_Pictographic}\\u{1f3fb}-\\u{1f3ff}]\\ufe0f?)\\u200d(?=\\p{Extended_Pictographic})", "gu");
var NAMED = { "\n": "\\n", "\r": "\\r", "	": "\\t" };
function visible(text) {
  const joiners = new Set(Array.from(text.matchAll(EMOJI_JOINER), (match) => match.index));
  return text.replace(UNSAFE, (character, index) => joiners.has(index) ? character : escapeCharacter(character));
}
function escapeCharacter(character) {
  const code = character.codePointAt(0) ?? 0;
  return NAMED[character] ?? (code > 65535 ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, "0")}`);
}
function quoted(text) {
  return `"${visible(text.replace(/["\\]/g, (character) => `\\${character}`))}"`;
}
function cut(text, max) {
  if (text.length <= max) return text;
  const characters = Array.from(text.slice(0, 2 * max + 2));
  return characters.length <= max ? text : `${characters.slice(0, max).join("")}...`;
}
function cutPair(before, after, max) {
  const [a, b] = [Array.from(before), Array.from(after)];
  if (a.length <= max && b.length <= max) return [before, after];
  const same = a.findIndex((character, index) => character !== b[index]);
  const difference = same < 0 ? a.length : same;
  const start2 = difference < max - 10 ? 0 : difference - Math.floor(max / 3);
  return [windowOf(a, start2, max), windowOf(b, start2, max)];
}
function windowOf(characters, start2, max) {
  const head = start2 > 0 ? "..." : "";
  const tail = characters.length > start2 + max ? "..." : "";
  return `${head}${characters.slice(start2, start2 + max).join("")}${tail}`;
}

// src/words.ts
function count(value2) {
  return value2.toLocaleString("en-US");
}
function plural(value2, one, many = `${one}s`) {
  return `${count(value2)} ${value2 === 1 ? one : many}`;
}

// src/report/format.ts
var VALUE_LENGTH = 60;
var KEY_LENGTH = 40;
var PLAIN_NUMBER = /^-?(0|[1-9]\d{0,38})(\.\d+)?$/;
function value(text) {
  return text === null ? "null" : show(cut(text, VALUE_LENGTH));
}
function show(text) {
  return isBare(text) ? text : quoted(text);
}
function isBare(text) {
  return PLAIN_NUMBER.test(text) || text === "true" || text === "false";
}
function keyText(key) {
  return key.map((part) => part === null ? "null" : keyPart(part)).join(", ");
}
function keyPart(part) {
  const short = cut(part, KEY_LENGTH);
  const shown2 = visible(short);
  return shown2 === short && part !== "" && part !== "null" && !/[\s",\\]/.test(part) ? short : quoted(short);
}
function fieldChange(change, action) {
  const name = visible(change.field);
  const [before, after] = sides(change);
  if (action === "create") return `${name}: ${after}`;
  if (action === "delete") return `${name}: ${before}`;
  return `${name}: ${before} -> ${after}`;
}
function sides(change) {
  if (change.sensitive) return ["(sensitive)", "(sensitive)"];
  const known = change.before !== null && change.after !== null && !change.after_apply;
  if (known) {
    const [before, after] = cutPair(change.before, change.after, VALUE_LENGTH);
    return [show(before), show(after)];
  }
  return [value(change.before), change.after_apply ? "(known after apply)" : value(change.after)];
}
function duration(ms) {
  if (ms < 1e3) return `${Math.round(ms)} ms`;
  if (ms < 59950) return `${(ms / 1e3).toFixed(1)} s`;
  const seconds = Math.round(ms / 1e3);
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60];
  if (minutes < 60) return `${minutes} min ${String(rest).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

// src/report/markdown-escape.ts
var SPECIAL = /[!"#$%&'()*+/:;<=>?@[\\\]^`{|}~]/g;
var LOOSE_UNDERSCORE = /(?<![\p{L}\p{N}_])_+|_+(?![\p{L}\p{N}_])/gu;
var WWW = /(www)\./gi;
function markdownText(text) {
  return visible(text).replace(SPECIAL, (character) => reference(character)).replace(LOOSE_UNDERSCORE, (run) => reference("_").repeat(run.length)).replace(WWW, (_, www) => `${www}${reference(".")}`);
}
function markdownCode(text) {
  return `<code>${markdownText(text)}</code>`;
}
function reference(character) {
  return `&#${character.charCodeAt(0)};`;
}

// src/report/apply-markdown.ts
var STATUS = {
  applied: "applied",
  partial: "applied in part",
  blocked: "blocked",
  stale: "stale",
  already_applied: "already applied",
  nothing: "nothing to do",
  failed: "failed"
};
var COLUMNS = [
  ["applied", "Applied"],
  ["unchanged", "Already so"],
  ["held", "Held"],
  ["rejected", "Rejected"],
  ["unknown", "Unknown"],
  ["not_attempted", "Not attempted"]
];
function renderApplyMarkdown(document) {
  const environment = document.environment === null ? "" : `, environment ${markdownCode(document.environment)}`;
  const parts = [
    `## Sluice apply: ${headline(document)}`,
    `Project ${markdownCode(document.project)}${environment}, plan ${markdownCode(document.plan_id)}.`,
    document.syncs.length === 0 ? "" : overview(document.syncs),
    ...document.syncs.map((sync) => remarks(sync))
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}
`;
}
function headline({ summary: summary2 }) {
  const counts = COLUMNS.filter(([key]) => summary2[key] > 0).map(([key, title]) => `${count(summary2[key])} ${title.toLowerCase()}`);
  return counts.length === 0 ? "nothing to do" : counts.join(", ");
}
function overview(syncs) {
  const head = ["Sync", "Result", ...COLUMNS.map(([, title]) => title), "Run", "Took"];
  const align = ["---", "---", ...COLUMNS.map(() => "---:"), "---", "---:"];
  const rows = syncs.map((sync) => [
    markdownCode(sync.name),
    STATUS[sync.status],
    ...COLUMNS.map(([key]) => sync[key] === 0 ? "" : count(sync[key])),
    sync.run_id === null ? "" : markdownCode(sync.run_id),
    sync.run_id === null ? "" : markdownText(duration(sync.duration_ms))
  ]);
  return [head, align, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
var EXPLAINED = ["blocked", "stale", "failed"];
function remarks(sync) {
  const reasons = EXPLAINED.includes(sync.status) ? sync.messages.map((each) => markdownText(each)) : [];
  const where = sync.status === "partial" && sync.run_id !== null ? [`What became of each record: ${markdownCode(`sluice history ${sync.run_id}`)}`] : [];
  const rejects = sync.rejects.map(
    (group) => `${markdownCode(group.code)}${group.field === null ? "" : ` ${markdownCode(group.field)}`}: ${count(group.count)}`
  );
  const lines = [...reasons, ...where, ...rejects];
  return lines.length === 0 ? "" : [`${markdownCode(sync.name)}:`, ...lines.map((line) => `- ${line}`)].join("\n");
}

// action/src/run.ts
import { readFile } from "node:fs/promises";
var ActionError = class extends Error {
  name = "ActionError";
};
async function readRun(env) {
  const needed = (name) => {
    const value2 = env[name];
    if (value2 === void 0 || value2 === "") throw new ActionError(`${name} is not set: this program is run by GitHub Actions`);
    return value2;
  };
  const repository = needed("GITHUB_REPOSITORY");
  const id = needed("GITHUB_RUN_ID");
  return {
    event: needed("GITHUB_EVENT_NAME"),
    repository,
    apiUrl: needed("GITHUB_API_URL"),
    sha: needed("GITHUB_SHA"),
    workspace: needed("GITHUB_WORKSPACE"),
    temp: needed("RUNNER_TEMP"),
    id,
    number: Number(needed("GITHUB_RUN_NUMBER")),
    attempt: Number(env["GITHUB_RUN_ATTEMPT"] ?? "1"),
    workflow: needed("GITHUB_WORKFLOW"),
    url: `${needed("GITHUB_SERVER_URL")}/${repository}/actions/runs/${id}`,
    ...ofEvent(JSON.parse(await readFile(needed("GITHUB_EVENT_PATH"), "utf8")), repository)
  };
}
function ofEvent({ before, pull_request: pull }, repository) {
  const known = before === void 0 || /^0+$/.test(before) ? void 0 : before;
  if (pull === void 0) return { pull: void 0, before: known };
  const fork = pull.head.repo?.full_name.toLowerCase() !== repository.toLowerCase();
  return { pull: { number: pull.number, head: pull.head.sha, base: pull.base.ref, fork, merged: pull.merged === true }, before: known };
}

// action/src/documents.ts
function documentOf(ended) {
  const parsed = parse(ended);
  if (!isError(parsed)) return { document: parsed };
  const { problems, ...first } = parsed.error;
  return { problems: problems.length === 0 ? [first] : problems };
}
function parse({ code, stdout }) {
  try {
    return JSON.parse(stdout);
  } catch (error2) {
    throw new ActionError(`sluice ended with ${code} and without a result; what it said stands above`, { cause: error2 });
  }
}
function isError(document) {
  return typeof document === "object" && document !== null && "error" in document;
}

// action/src/job.ts
import { posix } from "node:path";
function selection({ project, environment, syncs, select }) {
  return [...syncs, ...select.flatMap((each) => ["--select", each]), ...place({ project, environment })];
}
function place({ project, environment }) {
  return ["--dir", project, ...environment === void 0 ? [] : ["--env", environment]];
}
function subject({ inputs }) {
  return { project: posix.normalize(inputs.project.replaceAll("\\", "/")).replace(/\/$/, ""), environment: inputs.environment ?? null };
}
var FAILURES = {
  1: "it ended with an error",
  3: "a guard, a check or a limit forbids it",
  4: "what was approved is not what would be done",
  5: "it was applied in part"
};

// action/src/problems.ts
function annotate(problems) {
  for (const { message, where, hint } of problems) {
    error(hint === null ? message : `${message}
${hint}`, { title: "Sluice", ...placeOf(where) });
  }
}
function placeOf(where) {
  const match = /^(.+):(\d+):(\d+)$/.exec(where ?? "");
  if (match === null) return {};
  return { file: match[1] ?? "", startLine: Number(match[2]), startColumn: Number(match[3]) };
}
function problemsOf(document) {
  return document.syncs.flatMap(({ name, error: error2 }) => error2 === null ? [] : [{ ...error2, message: `${name}: ${error2.message}` }]);
}
var SHOWN = 50;
function problemsMarkdown(title, problems) {
  const lines = problems.slice(0, SHOWN).map(({ message, where, hint }) => {
    const place2 = where === null ? "" : `${markdownCode(where)}: `;
    return `- ${place2}${markdownText(message)}${hint === null ? "" : `<br>${markdownText(hint)}`}`;
  });
  const more = problems.length > SHOWN ? [`- and ${problems.length - SHOWN} more`] : [];
  return `## ${title}

${[...lines, ...more].join("\n")}
`;
}

// action/src/report.ts
import { copyFile, mkdir, readFile as readFile2, writeFile as writeFile2 } from "node:fs/promises";
import { join, resolve } from "node:path";
async function jobFolder(run) {
  const folder = join(run.temp, `sluice-${run.id}-${run.attempt}-${getInput("command")}`);
  await mkdir(folder, { recursive: true, mode: 448 });
  return folder;
}
async function writeReport(folder, report, envelope) {
  const path = join(folder, "report");
  await mkdir(path, { recursive: true });
  const { text, ...rest } = report;
  await writeFile2(join(path, "report.json"), `${JSON.stringify(rest, void 0, 2)}
`);
  await writeFile2(join(path, "report.md"), text);
  if (envelope !== void 0) await copyFile(envelope, join(path, "envelope.json"));
  setOutput("report-path", path);
  return path;
}
async function readReport(run, folder) {
  const path = resolve(run.workspace, folder);
  try {
    const rest = JSON.parse(await readFile2(join(path, "report.json"), "utf8"));
    return { ...rest, text: await readFile2(join(path, "report.md"), "utf8") };
  } catch (error2) {
    throw new ActionError(`report: there is no report in ${folder}`, { cause: error2 });
  }
}
var SUMMARY_BYTES = 1e6;
async function writeSummary(text) {
  const fits = Buffer.byteLength(text) <= SUMMARY_BYTES;
  await summary.addRaw(fits ? text : `${text.slice(0, SUMMARY_BYTES / 4)}

(cut)
`, true).write();
}

// action/src/apply.ts
async function apply(job) {
  const { plan: plan2, within, approvedCommit, tolerance, due } = job.inputs;
  const workspace = (path) => resolve2(job.run.workspace, path);
  const ended = await job.sluice([
    "apply",
    ...plan2 === void 0 ? [] : [workspace(plan2)],
    ...selection(job.inputs),
    "--yes",
    "--json",
    ...within === void 0 ? [] : ["--within", workspace(within)],
    ...approvedCommit === void 0 ? [] : ["--envelope-commit", approvedCommit],
    ...tolerance === void 0 ? [] : ["--tolerance", tolerance],
    ...due ? ["--due"] : []
  ]);
  setOutput("exit-code", ended.code);
  const read = documentOf(ended);
  if ("problems" in read) {
    annotate(read.problems);
    await writeSummary(problemsMarkdown("Sluice did not apply", read.problems));
  } else {
    const { applied, held, rejected } = read.document.summary;
    for (const [name, value2] of Object.entries({ applied, held, rejected })) setOutput(name, value2);
    await writeSummary(renderApplyMarkdown(read.document));
  }
  if (ended.code !== 0) setFailed(`apply: ${FAILURES[ended.code] ?? `exit code ${ended.code}`}`);
}

// action/src/marker.ts
function markerLine(marker) {
  const text = JSON.stringify(marker).replaceAll(/[-<>]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`);
  return `<!-- sluice ${text} -->`;
}
function readMarker(body) {
  const text = /^<!-- sluice (\{.*\}) -->/.exec(body ?? "")?.[1];
  if (text === void 0) return void 0;
  try {
    return JSON.parse(text);
  } catch {
    return void 0;
  }
}
function isSame(a, b) {
  return a.kind === b.kind && a.project === b.project && a.environment === b.environment;
}
function compareRuns(a, b) {
  if (a.workflow !== b.workflow) return Number(a.id) - Number(b.id);
  return a.number - b.number || a.attempt - b.attempt;
}
function newestFirst(found) {
  return found.toSorted((a, b) => compareRuns(b.marker, a.marker));
}

// action/src/written.ts
var MEMBERS = ["OWNER", "MEMBER", "COLLABORATOR"];
function isOurs({ user, author_association }) {
  return user?.type === "Bot" || MEMBERS.includes(author_association);
}
var LIMIT = 65e3;
function cutText(text) {
  return text.length <= LIMIT ? text : `${text.slice(0, LIMIT).replace(/[\uD800-\uDBFF]$/, "")}

(cut)
`;
}

// action/src/comment.ts
async function postComment(github, pull, marker, text) {
  const body = cutText(`${markerLine(marker)}
${text}`);
  const [newest, ...others] = await findComments(github, pull, marker);
  if (newest === void 0) return create(github, pull, marker, body);
  await remove(github, pull, others);
  if (compareRuns(newest.marker, marker) > 0) return { outcome: "superseded", url: newest.html_url };
  const { html_url: url } = await github.patch(`/repos/${pull.repository}/issues/comments/${newest.id}`, { body });
  return { outcome: "updated", url };
}
async function hasComment(github, pull, marker) {
  return (await findComments(github, pull, marker)).length > 0;
}
async function create(github, pull, marker, body) {
  const { id, html_url: url } = await github.post(`/repos/${pull.repository}/issues/${pull.number}/comments`, { body });
  const [newest, ...others] = await findComments(github, pull, marker);
  await remove(github, pull, others);
  return newest === void 0 || newest.id === id ? { outcome: "created", url } : { outcome: "superseded", url: newest.html_url };
}
async function findComments(github, pull, marker) {
  const all = await github.list(`/repos/${pull.repository}/issues/${pull.number}/comments`);
  const found = all.flatMap((each) => {
    const its = isOurs(each) ? readMarker(each.body) : void 0;
    return its === void 0 || !isSame(its, marker) ? [] : [{ ...each, marker: its }];
  });
  return newestFirst(found);
}
async function remove(github, pull, comments) {
  for (const { id } of comments) await github.delete(`/repos/${pull.repository}/issues/comments/${id}`);
}

// action/src/github.ts
import { setTimeout as delay } from "node:timers/promises";
var ApiError = class extends Error {
  name = "ApiError";
  status;
  constructor(status, message) {
    super(message);
    this.status = status;
  }
  /** The token lacks the permission, the feature is off, or the thing is not to be seen: nothing that waiting helps. */
  get isRefusal() {
    return [401, 403, 404, 410].includes(this.status);
  }
};
var VERSION = "2022-11-28";
var ATTEMPTS = 4;
var PATIENCE_MS = 6e4;
var GitHub = class {
  #apiUrl;
  #token;
  constructor(apiUrl, token) {
    this.#apiUrl = apiUrl;
    this.#token = token;
  }
  async get(path) {
    return (await this.#send("GET", path)).json();
  }
  async post(path, body) {
    return (await this.#send("POST", path, body)).json();
  }
  async patch(path, body) {
    return (await this.#send("PATCH", path, body)).json();
  }
  async delete(path) {
    await this.#send("DELETE", path);
  }
  /** Every item of a list, over all of its pages. */
  async list(path) {
    const found = [];
    let next = `${path}${path.includes("?") ? "&" : "?"}per_page=100`;
    while (next !== void 0) {
      const response = await this.#send("GET", next);
      found.push(...await response.json());
      next = /<([^>]+)>; rel="next"/.exec(response.headers.get("link") ?? "")?.[1];
    }
    return found;
  }
  async #send(method, path, body) {
    for (let attempt = 1; ; attempt += 1) {
      const response = await this.#try(method, path, body, attempt === ATTEMPTS);
      if (response?.ok === true) return response;
      const wait = response === void 0 ? 1e3 * attempt : waitOf(response, attempt);
      if (response !== void 0 && (attempt === ATTEMPTS || wait === void 0 || wait > PATIENCE_MS)) {
        throw new ApiError(response.status, `${method} ${path}: ${response.status} ${await reasonOf(response)}`);
      }
      await delay(wait);
    }
  }
  /** Undefined when no answer came and asking again does no harm: a POST may have arrived, and would be done twice. */
  async #try(method, path, body, last) {
    const url = path.startsWith(this.#apiUrl) ? path : `${this.#apiUrl}${path}`;
    try {
      return await fetch(url, {
        method,
        headers: {
          accept: "application/vnd.github+json",
          authorization: `Bearer ${this.#token}`,
          "user-agent": "sluice-action",
          "x-github-api-version": VERSION,
          ...body === void 0 ? {} : { "content-type": "application/json" }
        },
        ...body === void 0 ? {} : { body: JSON.stringify(body) }
      });
    } catch (error2) {
      if (last || method === "POST") throw error2;
      return void 0;
    }
  }
};
function waitOf(response, attempt) {
  const after = response.headers.get("retry-after");
  const limited = response.status === 429 || response.status === 403 && (after !== null || response.headers.get("x-ratelimit-remaining") === "0");
  if (!limited && response.status < 500) return void 0;
  return after === null ? 1e3 * attempt : Number(after) * 1e3;
}
async function reasonOf(response) {
  const text = await response.text();
  try {
    return JSON.parse(text).message;
  } catch {
    return text.slice(0, 200);
  }
}

// action/src/issue.ts
var LABEL = "sluice-drift";
async function postIssue(github, repository, marker, report) {
  const [open] = await findIssues(github, repository, marker);
  const body = cutText(`${markerLine(marker)}
${report.text}`);
  if (open === void 0) return report.clean ? { outcome: "nothing" } : create2(github, repository, { title: report.title, body });
  const { number, html_url: url } = open;
  if (compareRuns(open.marker, marker) > 0) return { outcome: "superseded", number, url };
  const change = report.clean ? { body, state: "closed", state_reason: "completed" } : { title: report.title, body };
  await github.patch(`/repos/${repository}/issues/${number}`, change);
  return { outcome: report.clean ? "closed" : "updated", number, url };
}
async function create2(github, repository, issue2) {
  const { number, html_url: url } = await github.post(`/repos/${repository}/issues`, { ...issue2, labels: [LABEL] });
  return { outcome: "opened", number, url };
}
async function findIssues(github, repository, marker) {
  const all = await github.list(`/repos/${repository}/issues?state=open&labels=${LABEL}`);
  const found = all.flatMap((each) => {
    const its = each.pull_request === void 0 && isOurs(each) ? readMarker(each.body) : void 0;
    return its === void 0 || !isSame(its, marker) ? [] : [{ ...each, marker: its }];
  });
  return newestFirst(found);
}

// action/src/publish.ts
function openGitHub(run, token) {
  if (token === void 0) throw new ActionError("github-token is empty: leave it out to use the token of the job");
  return new GitHub(run.apiUrl, token);
}
async function publishComment(run, token, report) {
  const { pull } = run;
  if (pull === void 0) return;
  await permitted("pull-requests: write", async () => {
    const github = openGitHub(run, token);
    const target = { repository: run.repository, number: pull.number };
    const marker = markerOf(run, report);
    if (report.clean && !await hasComment(github, target, marker)) return;
    const { outcome, url } = await postComment(github, target, marker, report.text);
    info(outcome === "superseded" ? `A later run has already written ${url}` : `Comment ${outcome}: ${url}`);
    setOutput("comment-url", url);
  });
}
async function publishIssue(run, token, report) {
  await permitted("issues: write", async () => {
    const { outcome, url, number } = await postIssue(openGitHub(run, token), run.repository, markerOf(run, report), report);
    info(outcome === "nothing" ? "No drift, and no open issue about it" : `Issue ${outcome}: ${url ?? ""}`);
    if (number !== void 0) setOutput("issue-number", number);
  });
}
async function permitted(permission, publish) {
  try {
    await publish();
  } catch (error2) {
    if (!(error2 instanceof ApiError) || !error2.isRefusal) throw error2;
    warning(
      `${error2.message}. The result is in the summary of the job. To have it on GitHub, the job needs the permission ${permission}.`,
      {
        title: "Sluice"
      }
    );
  }
}
function markerOf({ workflow, id, number, attempt }, { kind, project, environment }) {
  return { kind, project, environment, workflow, id, number, attempt };
}

// action/src/approved.ts
async function approved(run, inputs) {
  const github = openGitHub(run, inputs.token);
  const pulls = await github.list(`/repos/${run.repository}/commits/${run.sha}/pulls`);
  const pull = pulls.find((each) => each.merged_at !== null && each.merge_commit_sha === run.sha);
  if (pull === void 0) throw new ActionError(`${run.sha} was not merged by a pull request: nobody has approved a plan for it`);
  const query = new URLSearchParams({ head_sha: pull.head.sha, event: "pull_request", status: "success", per_page: "100" });
  const { workflow_runs: runs } = await github.get(
    `/repos/${run.repository}/actions/runs?${query.toString()}`
  );
  const [newest] = runs.filter((each) => isPlan(each, inputs.workflow) && each.head_repository?.full_name === run.repository).toSorted((a, b) => b.run_number - a.run_number);
  if (newest === void 0) {
    throw new ActionError(`no run of ${inputs.workflow} has planned commit ${pull.head.sha} of pull request ${pull.number}`);
  }
  info(`Pull request ${pull.number}, planned by run ${newest.id}`);
  setOutput("run-id", newest.id);
  setOutput("pull-request", pull.number);
  setOutput("commit", pull.head.sha);
}
function isPlan({ path }, workflow) {
  return path.replace(/@.*$/, "") === `.github/workflows/${workflow}`;
}

// action/src/cli.ts
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { existsSync as existsSync2 } from "node:fs";
import { readFile as readFile3 } from "node:fs/promises";
import { dirname, join as join2, resolve as resolve3 } from "node:path";
import { createInterface } from "node:readline";
var HOME = resolve3(import.meta.dirname, "..");
async function openSluice(run, project, trust) {
  const script = await installedIn(resolve3(run.workspace, project)) ?? await besideAction();
  info(`Sluice: ${script}`);
  const env = trust === "full" ? withoutRunner(process.env) : bare(process.env);
  return async (args) => start(script, args, run.workspace, env);
}
async function installedIn(folder) {
  const manifest = join2(folder, "node_modules", "sluice", "package.json");
  if (existsSync2(manifest)) {
    const { bin } = JSON.parse(await readFile3(manifest, "utf8"));
    return join2(dirname(manifest), bin.sluice);
  }
  const parent = dirname(folder);
  return parent === folder ? void 0 : installedIn(parent);
}
async function besideAction() {
  if (!hasDependencies()) await install();
  const source = join2(HOME, "src", "cli.ts");
  return existsSync2(source) ? source : join2(HOME, "dist", "cli.js");
}
function hasDependencies() {
  try {
    createRequire(join2(HOME, "package.json")).resolve("@duckdb/node-api");
    return true;
  } catch {
    return false;
  }
}
async function install() {
  startGroup("npm ci");
  try {
    const { code } = await start(void 0, ["ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"], HOME, bare(process.env));
    if (code !== 0) throw new ActionError(`npm ci in ${HOME} ended with ${code}`);
  } finally {
    endGroup();
  }
}
var HARMLESS = /^(PATH|HOME|USERPROFILE|TMPDIR|TEMP|TMP|SYSTEMROOT|COMSPEC|LANG|LC_.*|TZ|CI|NO_COLOR|RUNNER_TEMP|RUNNER_TOOL_CACHE)$/i;
function bare(env) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => HARMLESS.test(name)));
}
var RUNNER = /^(INPUT_.*|STATE_.*|ACTIONS_.*|GITHUB_(TOKEN|ENV|PATH|OUTPUT|STATE|STEP_SUMMARY))$/i;
function withoutRunner(env) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !RUNNER.test(name)));
}
async function start(script, args, cwd, env) {
  const [program, ...first] = script === void 0 ? ["npm"] : [process.execPath, script];
  const child = spawn(program, [...first, ...args], {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    shell: program === "npm" && process.platform === "win32"
  });
  const forward = (signal) => void child.kill(signal);
  process.on("SIGINT", forward).on("SIGTERM", forward);
  const output = [];
  child.stdout.setEncoding("utf8").on("data", (text) => void output.push(text));
  createInterface({ input: child.stderr }).on("line", (line) => {
    info(harmless(line));
  });
  try {
    const code = await new Promise((done, fail2) => {
      child.on("error", (error2) => {
        fail2(new ActionError(`${program} does not start: ${error2.message}`));
      });
      child.on("close", (exit) => {
        done(exit ?? 1);
      });
    });
    return { code, stdout: output.join("") };
  } finally {
    process.off("SIGINT", forward).off("SIGTERM", forward);
  }
}
function harmless(line) {
  return line.replaceAll("::", ": :").replaceAll("##[", "## [");
}

// src/report/drift-markdown.ts
var SYNCS = 50;
var FIELDS = 12;
var EXAMPLES = 5;
function driftCount({ summary: summary2 }) {
  return summary2.drift + summary2.conflict;
}
function driftTitle({ project, environment }) {
  return `Sluice: drift in ${project}${environment === null ? "" : ` (${environment})`}`;
}
function renderDriftMarkdown(document) {
  const moved = document.syncs.filter((sync) => sync.summary.drift + sync.summary.conflict > 0);
  const failed = document.syncs.filter((sync) => sync.error !== null);
  const unread = failed.map((sync) => `- ${markdownCode(sync.name)} could not be read: ${markdownText(sync.error?.message ?? "")}`);
  const parts = [
    headline2(document, failed.length > 0),
    unread.slice(0, SYNCS).join("\n"),
    moved.length === 0 ? "" : overview2(moved.slice(0, SYNCS)),
    ...moved.slice(0, SYNCS).map((sync) => details(sync)),
    moved.length > SYNCS ? `${count(moved.length - SYNCS)} more syncs have drift: \`sluice drift\` lists them.` : "",
    moved.length === 0 ? "" : "The next apply overwrites what is not held. To keep what the destination says: `sluice accept SYNC`."
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}
`;
}
function headline2(document, failed) {
  const where = `project ${markdownCode(document.project)}${document.environment === null ? "" : `, environment ${markdownCode(document.environment)}`}`;
  const records = driftCount(document);
  if (records === 0) return `${failed ? "No drift in what could be read" : "No drift"}: ${where}.`;
  const conflicts = document.summary.conflict === 0 ? "" : `, ${count(document.summary.conflict)} of them in conflict with the warehouse`;
  return `**${plural(records, "record")} changed in the destination**${conflicts}: ${where}.`;
}
function overview2(syncs) {
  const rows = syncs.map(({ name, destination, object, live_read, summary: summary2 }) => {
    const held = summary2.held === 0 ? "" : count(summary2.held);
    return [markdownCode(name), markdownCode(`${destination}.${object}`), count(live_read), count(summary2.drift), count(summary2.conflict), held];
  });
  const head = [
    ["Sync", "Destination", "Read", "Drift", "Conflict", "Held"],
    ["---", "---", "---:", "---:", "---:", "---:"]
  ];
  return [...head, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
function details(sync) {
  const fields = Object.entries(sync.drift_fields).slice(0, FIELDS);
  const list2 = fields.map(([field, records]) => `${markdownCode(field)} ${count(records)}`).join(", ");
  const examples = sync.report_values === "shown" ? exampleLines(sync) : [];
  if (list2 === "" && examples.length === 0) return "";
  return [`${markdownCode(sync.name)}: ${list2}`, ...examples].join("\n");
}
function exampleLines(sync) {
  const moved = (fields) => fields.filter((field) => field.case === "drift" || field.case === "conflict");
  const written = sync.samples.filter((sample) => moved(sample.fields).length > 0 || sample.reason === "gone");
  const line = (key, fields, what) => [`- ${markdownCode(keyText(key))} ${what}`, ...fields.slice(0, FIELDS).map((field) => markdownCode(fieldChange(field, "update")))].join(" ");
  return [
    ...sync.held.map((held) => line(held.key, held.fields, "held")),
    ...written.map((sample) => line(sample.key, moved(sample.fields), "will be overwritten"))
  ].slice(0, EXAMPLES);
}

// action/src/drift.ts
async function drift(job) {
  const ended = await job.sluice(["drift", "--json", ...selection(job.inputs)]);
  setOutput("exit-code", ended.code);
  const read = documentOf(ended);
  if ("problems" in read) {
    annotate(read.problems);
    await writeSummary(problemsMarkdown("Sluice could not look for drift", read.problems));
    setFailed("drift: it ended with an error");
    return;
  }
  const { document } = read;
  const failed = problemsOf(document);
  annotate(failed);
  const records = driftCount(document);
  setOutput("drift", records);
  const text = renderDriftMarkdown(document);
  await writeSummary(`## ${driftTitle(document)}

${text}`);
  const about = `${text}
[The run that looked](${job.run.url}).
`;
  const report = {
    kind: "drift",
    ...subject(job),
    title: driftTitle(document),
    text: about,
    clean: records === 0 && failed.length === 0
  };
  if (records > 0 || failed.length === 0) {
    await writeReport(job.folder, report);
    if (job.inputs.issue) await publishIssue(job.run, job.inputs.token, report);
  }
  if (failed.length > 0) setFailed(`drift: ${failed.length} of ${document.syncs.length} syncs could not be read`);
}

// action/src/inputs.ts
var COMMANDS = ["validate", "plan", "apply", "drift", "post", "approved", "list"];
function readInputs() {
  const command = getInput("command", { required: true });
  if (!isCommand(command)) throw new ActionError(`command: there is no command "${command}"; there are ${COMMANDS.join(", ")}`);
  return {
    command,
    project: getInput("project"),
    environment: optional("environment"),
    syncs: words("syncs"),
    select: words("select"),
    base: getInput("base"),
    comment: getBooleanInput("comment"),
    issue: getBooleanInput("issue"),
    plan: optional("plan"),
    within: optional("within"),
    approvedCommit: optional("approved-commit"),
    tolerance: optional("tolerance"),
    due: getBooleanInput("due"),
    report: optional("report"),
    workflow: getInput("workflow"),
    token: optional("github-token")
  };
}
function isCommand(text) {
  return COMMANDS.includes(text);
}
function optional(name) {
  const value2 = getInput(name);
  return value2 === "" ? void 0 : value2;
}
function words(name) {
  const found = getInput(name).split(/\s+/).filter((word) => word !== "");
  const option = found.find((word) => word.startsWith("-"));
  if (option !== void 0) throw new ActionError(`${name}: "${option}" is not a name`);
  return found;
}

// action/src/list.ts
var JOBS = 256;
async function list(job) {
  const read = documentOf(await job.sluice(["ls", "--json", ...selection(job.inputs), ...changed(job)]));
  if ("problems" in read) {
    annotate(read.problems);
    setFailed("the project is not valid");
    return;
  }
  const groups = packed(groupsOf(read.document.syncs)).map((group) => group.join(" "));
  info(groups.join("\n"));
  setOutput("groups", JSON.stringify(groups));
}
function changed({ run, inputs: { base } }) {
  const before = base === "auto" ? run.before : base === "none" ? void 0 : base;
  return before === void 0 ? [] : ["--select", "modified", "--base", before];
}
function groupsOf(syncs) {
  const leader = new Map(syncs.map(({ name }) => [name, name]));
  const leaderOf = (name) => {
    const above = leader.get(name) ?? name;
    return above === name ? name : leaderOf(above);
  };
  for (const { name, needs } of syncs) {
    for (const parent of needs.filter((each) => leader.has(each))) leader.set(leaderOf(name), leaderOf(parent));
  }
  return [...Map.groupBy(syncs, ({ name }) => leaderOf(name)).values()].map((group) => group.map(({ name }) => name));
}
function packed(groups) {
  const size = Math.ceil(groups.length / JOBS);
  return Array.from({ length: Math.ceil(groups.length / size) || 0 }, (_, index) => groups.slice(index * size, (index + 1) * size).flat());
}

// action/src/plan.ts
import { rm } from "node:fs/promises";
import { join as join3 } from "node:path";
async function plan(job) {
  const file = join3(job.folder, "plan.duckdb");
  const encrypted = (process.env["SLUICE_PLAN_KEY"] ?? "") !== "";
  try {
    await planInto(job, file, encrypted);
  } finally {
    if (!encrypted) await rm(file, { force: true });
  }
}
async function planInto(job, file, encrypted) {
  const envelope = join3(job.folder, "envelope.json");
  const ended = await job.sluice([
    "plan",
    "--json",
    ...selection(job.inputs),
    ...baseOption(job),
    "--out",
    file,
    ...encrypted ? ["--encrypt"] : [],
    "--envelope",
    envelope,
    ...reviewed(job)
  ]);
  setOutput("exit-code", ended.code);
  const read = documentOf(ended);
  if ("problems" in read) {
    annotate(read.problems);
    return fail(job, "Sluice could not plan", read.problems);
  }
  const { document } = read;
  annotate(problemsOf(document));
  setCounts(document);
  if (encrypted) setOutput("plan-path", file);
  await writeSummary(await shown(job, file, "summary"));
  const text = await shown(job, file, "comment");
  const report = { kind: "plan", ...subject(job), title: "", text, clean: document.syncs.length === 0 };
  await writeReport(job.folder, report, envelope);
  if (job.inputs.comment) await publishComment(job.run, job.inputs.token, report);
  if (ended.code !== 0) setFailed(`plan: ${FAILURES[ended.code] ?? `exit code ${ended.code}`}`);
}
function baseOption({ run, inputs: { base } }) {
  if (base === "none" || base === "auto" && run.pull === void 0) return [];
  return ["--base", base === "auto" ? `origin/${run.pull?.base ?? ""}` : base];
}
function reviewed({ run: { pull } }) {
  return pull === void 0 ? [] : ["--envelope-commit", pull.head];
}
function setCounts({ summary: summary2 }) {
  const { create: create3, update, delete: deletes, clear, held, rejected, drift: drift2, conflict } = summary2;
  setOutput("changes", create3 + update + deletes + clear);
  for (const [name, value2] of Object.entries({ create: create3, update, delete: deletes, clear, held, rejected })) setOutput(name, value2);
  setOutput("drift", drift2 + conflict);
}
async function shown(job, file, format) {
  const { code, stdout } = await job.sluice(["show", file, "--format", format]);
  if (code !== 0) throw new Error(`sluice show ended with ${code}; what it said stands above`);
  return stdout;
}
async function fail(job, title, problems) {
  const text = problemsMarkdown(title, problems);
  await writeSummary(text);
  const report = { kind: "plan", ...subject(job), title: "", text, clean: false };
  await writeReport(job.folder, report);
  if (job.inputs.comment) await publishComment(job.run, job.inputs.token, report);
  setFailed(title);
}

// action/src/trust.ts
import { execFile } from "node:child_process";
import { promisify } from "node:util";
var PRIVILEGED = /* @__PURE__ */ new Set(["pull_request_target", "workflow_run", "issue_comment"]);
async function trustOf(run, { command }) {
  if (PRIVILEGED.has(run.event) && command !== "post" && await checkedOut(run.workspace) !== run.sha) {
    throw new ActionError(
      `${run.event} has the secrets of this repository, and the workspace holds other code than its commit ${run.sha}. Sluice does not run there: use the event pull_request, which gives forks no secrets.`
    );
  }
  if (run.pull === void 0 || run.pull.merged) return "full";
  if (command === "apply") throw new ActionError(`pull request ${run.pull.number} is not merged: apply after the merge, on push`);
  return run.pull.fork ? "offline" : "full";
}
async function checkedOut(workspace) {
  try {
    const { stdout } = await promisify(execFile)("git", ["-C", workspace, "rev-parse", "HEAD"]);
    return stdout.trim();
  } catch {
    return void 0;
  }
}

// action/src/validate.ts
async function findProblems({ sluice, inputs }) {
  const read = documentOf(await sluice(["validate", "--json", ...place(inputs)]));
  return "document" in read ? read.document.problems : read.problems;
}
async function validate(job) {
  const problems = await findProblems(job);
  annotate(problems);
  if (problems.length > 0) {
    await writeSummary(problemsMarkdown("The project is not valid", problems));
    setFailed(`the project is not valid: ${problems.length === 1 ? "one problem" : `${problems.length} problems`}`);
    return;
  }
  const { code, stdout } = await job.sluice(["test", "--no-color", ...job.inputs.syncs, ...place(job.inputs)]);
  info(stdout.replaceAll("::", ": :"));
  setOutput("exit-code", code);
  await writeSummary(`## Sluice: the project is valid

${code === 0 ? "Its tests pass." : "Its tests fail: see the log."}
`);
  if (code !== 0) setFailed("the tests of the project fail");
}

// action/src/main.ts
var JOBS2 = { apply, drift, list, plan, validate };
async function main() {
  const inputs = readInputs();
  const run = await readRun(process.env);
  const trust = await trustOf(run, inputs);
  if (inputs.command === "approved") return approved(run, inputs);
  if (inputs.command === "post") return post(run, inputs);
  const job = { run, inputs, sluice: await openSluice(run, inputs.project, trust), folder: await jobFolder(run) };
  if (trust === "full") return JOBS2[inputs.command](job);
  notice("This pull request comes from a fork: the project is validated and tested without credentials. Nothing is planned.", {
    title: "Sluice"
  });
  return validate(job);
}
async function post(run, inputs) {
  if (inputs.report === void 0) throw new ActionError("report: name the folder with the report to post");
  const report = await readReport(run, inputs.report);
  if (report.kind === "plan") await publishComment(run, inputs.token, report);
  else await publishIssue(run, inputs.token, report);
}
try {
  await main();
} catch (error2) {
  setFailed(
    error2 instanceof ActionError || !(error2 instanceof Error) ? String(error2 instanceof Error ? error2.message : error2) : error2.stack ?? error2.message
  );
}
