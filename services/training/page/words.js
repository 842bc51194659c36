/** Numbers and times as people read them. What is not known is undefined, and stays so. */

const ifKnown = (write) => (value) => (value === undefined ? undefined : write(value));

/** `12,345` */
export const count = ifKnown((value) => Math.round(value).toLocaleString('en-US'));

/** `92.31 %` of a share, 0 to 1 */
export const percent = ifKnown((share) => `${(100 * share).toFixed(2)} %`);

/** Three digits that count: `0.213`, `12.3`, `4,210` */
export const figure = ifKnown((value) =>
  Math.abs(value) >= 1000 ? count(value) : String(Number(value.toPrecision(3))),
);

export const milliseconds = ifKnown((seconds) => `${figure(1000 * seconds)} ms`);

/** `45 s`, `3 min`, `2 h 5 min`, `3 d 4 h` */
export const duration = ifKnown((given) => {
  const seconds = Math.max(0, Math.round(given));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
});

/** `14:03:12`, of milliseconds since 1970 */
export const clockTime = (at) => new Date(at).toLocaleTimeString('en-GB');

export const bytes = (value) => (value < 1e9 ? `${(value / 1e6).toFixed(1)} MB` : `${(value / 1e9).toFixed(1)} GB`);

/** `1 rank`, `12 ranks` */
export const ranks = (number) => `${count(number)} ${number === 1 ? 'rank' : 'ranks'}`;
