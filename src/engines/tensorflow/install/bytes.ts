/** As people read sizes: `853 MB`, `4.7 MB`; MB are 10^6 bytes, as download pages have them. */
export function formatBytes(bytes: number): string {
  const [unit, scale] = bytes >= 1e9 ? ["GB", 1e9] : ["MB", 1e6];
  const value = bytes / scale;
  return `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`;
}
