/* global document, location, Option */
/** The page: picks a model, takes a picture (dropped, chosen or pasted), asks the service, shows the most probable classes. */

const TOP = 5;
const SMALL_PIXELS = 96;
const LOOK_AGAIN_MS = 3000;

const byId = (id) => document.getElementById(id);
const view = {
  model: byId('model'),
  drop: byId('drop'),
  file: byId('file'),
  preview: byId('preview'),
  prompt: byId('prompt'),
  caption: byId('caption'),
  status: byId('status'),
  classes: byId('classes'),
  timing: byId('timing'),
  command: byId('command'),
};

/** The picture that is shown, and the number of the question about it: only the last question may answer. */
let picture;
let lastQuestion = 0;

function say(text, { bad = false } = {}) {
  // Said again, a screen reader would read it again.
  if (view.status.textContent !== text) view.status.textContent = text;
  view.status.classList.toggle('bad', bad);
}

/** The body of an answer; an error of the service becomes an Error with its words. */
async function ask(path, options) {
  const response = await fetch(path, options).catch(() => {
    throw new Error('The service does not answer. Is it still running?');
  });
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(body.error ?? `The service answered ${response.status}.`);
  return body;
}

async function lookForModels() {
  try {
    const { models } = await ask('/v1/models');
    if (models.length > 0) showModels(models);
    if (!picture)
      say(models.length > 0 ? 'No picture yet.' : 'No model is served yet: train one, and it appears here.');
  } catch (error) {
    if (!picture) say(error.message, { bad: true });
  }
  setTimeout(lookForModels, LOOK_AGAIN_MS);
}

function showModels(models) {
  const shown = [...view.model.options].map(({ value }) => value);
  if (shown.join() === models.join()) return;
  const chosen = models.includes(view.model.value) ? view.model.value : models[0];
  view.model.replaceChildren(...models.map((name) => new Option(name, name, false, name === chosen)));
  view.model.disabled = false;
  showCommand();
}

function showCommand() {
  const address = `${location.origin}/v1/models/${view.model.value || 'NAME'}/image?top=${TOP}`;
  view.command.textContent = `curl --header 'Content-Type: image/jpeg' --data-binary @picture.jpeg '${address}'`;
}

function take(file) {
  if (!file) return;
  picture = file;
  URL.revokeObjectURL(view.preview.src);
  view.preview.src = URL.createObjectURL(file);
  view.preview.alt = `The picture ${file.name}`;
  view.preview.hidden = false;
  view.prompt.hidden = true;
  view.drop.classList.add('filled');
  view.caption.textContent = `${file.name}, ${sizeOf(file.size)}`;
  classify();
}

function sizeOf(bytes) {
  return bytes < 1024 * 1024
    ? `${Math.max(1, Math.round(bytes / 1024))} KiB`
    : `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

async function classify() {
  if (!picture || !view.model.value) return;
  const question = (lastQuestion += 1);
  const startedAt = performance.now();
  document.body.classList.add('busy');
  say('Looking …');
  const answer = await askAbout(picture).catch((error) => ({ error }));
  if (question !== lastQuestion) return;
  document.body.classList.remove('busy');
  if (answer.error) showError(answer.error);
  else showAnswer(answer, performance.now() - startedAt);
}

function askAbout(file) {
  return ask(`/v1/models/${encodeURIComponent(view.model.value)}/image?top=${TOP}`, {
    method: 'POST',
    body: file,
    headers: { 'Content-Type': file.type.startsWith('image/') ? file.type : 'application/octet-stream' },
  });
}

function showError(error) {
  view.classes.replaceChildren();
  view.timing.textContent = '';
  say(error.message, { bad: true });
}

function showAnswer({ model, version, predictions }, tookMs) {
  const [best] = predictions;
  say(`Most likely ${firstWord(best.words)}: ${percent(best.probability)}.`);
  view.classes.replaceChildren(...predictions.map(classRow));
  view.timing.textContent = `${model}, version ${version}, ${Math.round(tookMs)} ms`;
}

function firstWord(words) {
  return words.split(',')[0].trim();
}

function percent(probability) {
  const share = probability * 100;
  if (share > 99.9 && share < 100) return '> 99.9 %';
  return share > 0 && share < 0.1 ? '< 0.1 %' : `${share.toFixed(1)} %`;
}

function classRow({ words, synset, probability }) {
  const bar = element('div', 'bar');
  const fill = bar.appendChild(element('span', ''));
  fill.style.transform = `scaleX(${probability})`;
  bar.setAttribute('aria-hidden', 'true');
  const row = document.createElement('li');
  row.append(element('span', 'words', words), element('span', 'share', percent(probability)), bar);
  row.append(element('span', 'synset', synset));
  row.firstChild.title = words;
  return row;
}

/** Text goes in as text, never as markup: words come from whoever made the data set. */
function element(tag, className, text = '') {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

view.preview.addEventListener('load', () => {
  const { naturalWidth, naturalHeight } = view.preview;
  view.preview.classList.toggle('small', Math.max(naturalWidth, naturalHeight) <= SMALL_PIXELS);
  view.caption.textContent += `, ${naturalWidth} × ${naturalHeight}`;
});
view.preview.addEventListener('error', () => {
  view.preview.hidden = true;
  view.prompt.hidden = false;
  view.drop.classList.remove('filled');
});
view.file.addEventListener('change', () => {
  take(view.file.files[0]);
  // So that choosing the same file again asks again.
  view.file.value = '';
});
view.model.addEventListener('change', () => {
  showCommand();
  classify();
});
for (const name of ['dragenter', 'dragover']) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    view.drop.classList.add('over');
  });
}
document.addEventListener('dragleave', (event) => {
  if (event.relatedTarget === null) view.drop.classList.remove('over');
});
document.addEventListener('drop', (event) => {
  event.preventDefault();
  view.drop.classList.remove('over');
  take([...event.dataTransfer.files].find(({ type }) => type.startsWith('image/')) ?? event.dataTransfer.files[0]);
});
document.addEventListener('paste', (event) => take(event.clipboardData.files[0]));

showCommand();
lookForModels();
