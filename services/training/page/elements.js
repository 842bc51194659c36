/* global document */
/** How the page makes and keeps its elements. Text goes in as text, never as markup: names come from elsewhere. */

export const byId = (id) => document.getElementById(id);

/** A new element with a class and what is in it. */
export function element(tag, className = '', ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/** Said again, a screen reader would read it again. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Shows a text, or hides its place where there is none. */
export function sayIf(node, text) {
  node.hidden = !text;
  say(node, text ?? '');
}

/**
 * Makes the children of `parent` what `rows` say, one a row. A child stays as long as its key does, so that focus, scroll
 * and selection stay where they are.
 */
export function keep(parent, rows, { key, make, fill }) {
  const names = rows.map((row, index) => String(key(row, index)));
  const stays = new Set(names);
  for (const child of [...parent.children]) if (!stays.has(child.dataset.key)) child.remove();
  const there = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  rows.forEach((row, index) => {
    const child = there.get(names[index]) ?? make(row);
    child.dataset.key = names[index];
    fill(child, row, index);
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
  });
}

/** A list of terms and values; those without a value are left out. */
export function fillFacts(list, facts) {
  const known = facts.filter(([, value]) => value !== undefined);
  keep(list, known, {
    key: ([name]) => name,
    make: ([name]) => element('div', '', element('dt', '', name), element('dd')),
    fill: (fact, [, value]) => say(fact.lastElementChild, value),
  });
}

/** A table in `parent`, or `empty` in words where it has no row. The first cell of a row names it. */
export function fillTable(parent, { header, rows, empty }) {
  const shown = JSON.stringify(rows);
  if (parent.dataset.shown === shown) return;
  parent.dataset.shown = shown;
  if (rows.length === 0) return void parent.replaceChildren(element('p', 'quiet', empty));
  const titles = header.map((title) => {
    const cell = element('th', '', title);
    cell.scope = 'col';
    return cell;
  });
  const body = rows.map(([name, ...cells]) => {
    const first = element('th', '', name);
    first.scope = 'row';
    return element('tr', '', first, ...cells.map((cell) => element('td', '', cell)));
  });
  const table = element('table', '', element('thead', '', element('tr', '', ...titles)), element('tbody', '', ...body));
  parent.replaceChildren(table);
}
