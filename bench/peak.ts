/** Loaded into a measured process: writes its peak resident memory (MB) and its processor time (ms) when it ends. */
import { readFileSync, writeFileSync } from 'node:fs';

const target = process.env['SLUICE_BENCH_PEAK'];
if (target !== undefined) {
  process.on('exit', () => {
    const linux = /VmHWM:\s+(\d+)/.exec(safeRead('/proc/self/status'))?.[1];
    const kilobytes = linux === undefined ? process.resourceUsage().maxRSS : Number(linux);
    const { user, system } = process.cpuUsage();
    writeFileSync(target, `${Math.round(kilobytes / 1024)} ${Math.round((user + system) / 1000)}`);
  });
}

function safeRead(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // no /proc: the resource usage of the process serves
  }
}
