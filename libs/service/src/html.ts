/** What pages for people are made of: one HTML file each, without script, that fetches nothing. */

const STYLE = `
:root { color-scheme: light dark; --ink: light-dark(#1b2733, #e4e9ee); --soft: light-dark(#5b6b7a, #93a4b3);
  --line: light-dark(#dbe2e8, #33404c); --a: light-dark(#0b6bcb, #5eb0ff); --b: light-dark(#c2410c, #ff9a62);
  --c: light-dark(#2e7d32, #7bd389); }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { margin-top: 2.2rem; font-size: 1.2rem; }
.figures { display: flex; flex-wrap: wrap; gap: 1rem 2.5rem; } .figures b { display: block; font-size: 1.5rem; }
.figures span, figcaption, .soft { color: var(--soft); } figure { margin: 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; } .wide { overflow-x: auto; }
th, td { padding: .2rem .6rem; border-bottom: 1px solid var(--line); text-align: left; } td { text-align: right; }
.text td { text-align: left; overflow-wrap: anywhere; }
code { font-size: .9em; overflow-wrap: anywhere; }
.restricted { border: 2px solid var(--b); padding: .5rem .8rem; }
`;

/** A page of its own. */
export interface HtmlPage {
  /** In words, not in HTML. */
  readonly title: string;
  /** What the page's own elements look like, after the style of all pages. */
  readonly style: string;
  /** HTML, one below the other. */
  readonly sections: readonly string[];
  /** Where what it shows is of a dataset with terms of access: these, so that the page says who may see it. */
  readonly terms?: PageTerms | undefined;
}

/** Terms of access, as a page tells of them. */
export interface PageTerms {
  readonly dataset: string;
  /** Of their text. */
  readonly sha256: string;
  readonly custodian: string;
}

/** The whole document, headed by its title. */
export function htmlPage({ title, style, sections, terms }: HtmlPage): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><style>${STYLE}${style}</style></head><body>
<h1>${escapeHtml(title)}</h1>
${terms ? restriction(terms) : ''}${sections.join('\n')}
</body></html>
`;
}

function restriction({ dataset, sha256, custodian }: PageTerms): string {
  return (
    `<p class="restricted"><b>Restricted.</b> This page is of the dataset <code>${escapeHtml(dataset)}</code>, which has ` +
    `terms of access (sha256 <code>${escapeHtml(sha256)}</code>). Show it only to people to whom its custodian ` +
    `<code>${escapeHtml(custodian)}</code> has granted access: <code>bluewaters terms show ${escapeHtml(dataset)}</code>.</p>\n`
  );
}

/** A row of large figures. @param figures Name and value of each, in words. */
export function htmlFigures(figures: readonly (readonly [name: string, value: string])[]): string {
  const each = figures.map(([name, value]) => `<div><b>${escapeHtml(value)}</b><span>${escapeHtml(name)}</span></div>`);
  return `<div class="figures">${each.join('')}</div>`;
}

/** A JPEG as the value of an attribute. */
export function jpegUrl(jpeg: Uint8Array): string {
  return `data:image/jpeg;base64,${Buffer.from(jpeg).toString('base64')}`;
}

/** Text as it may stand in HTML, also within quotes. */
export function escapeHtml(text: string): string {
  const names: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/gu, (character) => names[character] ?? character);
}

/** A table whose first column names the row. Cells are HTML. */
export function htmlTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = header.map((title) => `<th>${title}</th>`).join('');
  const body = rows.map(([name = '', ...cells]) => {
    return `<tr><th scope="row">${name}</th>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
  });
  return `<table><thead><tr>${head}</tr></thead><tbody>\n${body.join('\n')}\n</tbody></table>`;
}

/** `97.3 %` of a share, 0 to 1. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
