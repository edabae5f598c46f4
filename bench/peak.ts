/** Loaded into a measured process: writes its peak resident memory (MB) when it ends. */
import { readFileSync, writeFileSync } from 'node:fs';

const target = process.env['SLUICE_BENCH_PEAK'];
if (target !== undefined) {
  process.on('exit', () => {
    const linux = /VmHWM:\s+(\d+)/.exec(safeRead('/proc/self/status'))?.[1];
    const kilobytes = linux === undefined ? process.resourceUsage().maxRSS : Number(linux);
    writeFileSync(target, String(Math.round(kilobytes / 1024)));
  });
}

function safeRead(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // no /proc: the resource usage of the process serves
  }
}
