/** Files that come with a load job: in one request (multipart), or in pieces (resumable). */
import { randomBytes } from 'node:crypto';

import { ApiError } from './errors.ts';
import { jobOf } from './job-calls.ts';
import { jsonOf, type Call, type Reply, type World } from './world.ts';

interface Upload {
  readonly body: unknown;
  readonly parts: Buffer[];
}

const uploads = new WeakMap<World, Map<string, Upload>>();

export async function startUpload(world: World, call: Call): Promise<Reply> {
  switch (call.query.get('uploadType')) {
    case 'multipart':
      return uploadMultipart(world, call);
    case 'resumable':
      return startResumable(world, call);
    default:
      throw new ApiError('badRequest', `Invalid upload request: uploadType ${String(call.query.get('uploadType'))}`);
  }
}

async function uploadMultipart(world: World, call: Call): Promise<Reply> {
  const boundary = boundaryOf(String(call.headers['content-type']));
  if (boundary === undefined)
    throw new ApiError('badRequest', 'Media type is not supported: a multipart upload is multipart/related with a boundary');
  const [head, data, ...more] = partsOf(call.body, boundary);
  if (head === undefined || data === undefined || more.length > 0) {
    throw new ApiError('badRequest', 'Invalid multipart request: it has one part of JSON and one of data');
  }
  return jobOf(world, call, jsonOf(head), data);
}

/** What parts a multipart body; undefined: it is none. */
export function boundaryOf(type: string): string | undefined {
  return /^multipart\/related\s*;(?:.*;)?\s*boundary="?([^";]+)"?/i.exec(type)?.[1];
}

/** Bodies of the parts, without their headers. Searched as bytes: the data is any bytes. */
export function partsOf(body: Buffer, boundary: string): Buffer[] {
  const mark = Buffer.from(`--${boundary}`);
  const parts: Buffer[] = [];
  let start = body.indexOf(mark);
  while (start !== -1) {
    const from = start + mark.length;
    if (body.subarray(from, from + 2).toString() === '--') return parts;
    const next = body.indexOf(mark, from);
    if (next === -1) break;
    const part = body.subarray(from, next);
    const head = part.indexOf('\r\n\r\n');
    if (head === -1) throw new ApiError('badRequest', 'Invalid multipart request: a part has no headers');
    parts.push(part.subarray(head + 4, part.length - 2));
    start = next;
  }
  throw new ApiError('badRequest', 'Invalid multipart request: no closing boundary');
}

function startResumable(world: World, call: Call): Reply {
  const open = uploads.get(world) ?? new Map<string, Upload>();
  uploads.set(world, open);
  const id = randomBytes(24).toString('base64url');
  open.set(id, { body: jsonOf(call.body), parts: [] });
  const location = `${world.url}/upload/bigquery/v2/projects/${world.project}/jobs?uploadType=resumable&upload_id=${id}`;
  return { headers: { location, 'x-guploader-uploadid': id } };
}

/** A piece, or with `bytes * /N` the question how much has arrived. */
export async function continueUpload(world: World, call: Call): Promise<Reply> {
  const id = call.query.get('upload_id') ?? '';
  const upload = uploads.get(world)?.get(id);
  if (upload === undefined) throw new ApiError('notFound', `Upload ${id} not found`);
  const [, first, , total] = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/.exec(String(call.headers['content-range'] ?? '')) ?? [];
  const before = sizeOf(upload);
  if (first !== undefined && Number(first) !== before)
    throw new ApiError('badRequest', `Invalid request. ${before} bytes have arrived, the next begin at ${first}`);
  upload.parts.push(call.body);
  const arrived = sizeOf(upload);
  if (total !== undefined && Number(total) !== arrived)
    return { status: 308, headers: arrived === 0 ? {} : { range: `bytes=0-${arrived - 1}` } };
  uploads.get(world)?.delete(id);
  return jobOf(world, call, upload.body, Buffer.concat(upload.parts));
}

function sizeOf({ parts }: Upload): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}
