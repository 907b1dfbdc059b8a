'use strict';
const data = JSON.parse(document.getElementById('data').textContent);
const words = JSON.parse(document.getElementById('words').textContent);
const main = document.getElementById('main');
const SVG = 'http://www.w3.org/2000/svg';
const SEED = 12, LONGEST = 1500, KEPT = 160;
let language = data.language;
let charts = [];
let sorting = { key: 'removed', down: true };

function t(key, values = {}) {
  return words[language][key].replace(/\{(\w+)\}/g, (_, name) => typeof values[name] === 'number' ? values[name].toLocaleString(language) : values[name]);
}
// Findings are told in English; the page holds what that is in other languages.
const said = english => data.said[language]?.[english] ?? english;
const percent = share => (share * 100).toFixed(share < 0.1 ? 1 : 0) + '%';

// All text of posts comes in as text, never as markup.
function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) made.setAttribute(key, value);
  }
  made.append(...children.filter(child => child !== null && child !== undefined));
  return made;
}
function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}
const colour = name => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

function chart(canvas, config) {
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  Chart.defaults.color = colour('soft');
  Chart.defaults.borderColor = colour('line');
  Chart.defaults.animation = false;
  charts.push(new Chart(canvas, config));
}

/* The overview */

function figures() {
  const s = data.summary;
  const count = Object.values(s.findings).reduce((a, b) => a + b, 0);
  const rows = [['posts', s.posts], ['findings', count], ['share', percent(s.repeated_share)], ['go', s.removed], ['person', data.left]];
  return el('dl', { class: 'figures' }, ...rows.map(([key, value]) => el('div', {}, el('dt', {}, t(key)), el('dd', {}, typeof value === 'number' ? value.toLocaleString(language) : value))));
}

function histogram() {
  const bins = Array(10).fill(0);
  for (const share of data.shares) bins[Math.min(9, Math.floor(share * 10))]++;
  const labels = bins.map((_, i) => `${i * 10}–${(i + 1) * 10}%`);
  const said = labels.map((label, i) => `${label}: ${bins[i]}`).filter((_, i) => bins[i]).join(', ');
  const canvas = el('canvas', { role: 'img', 'aria-label': t('histogram_alt', { text: said }) });
  requestAnimationFrame(() => chart(canvas, {
    type: 'bar',
    data: { labels, datasets: [{ data: bins, backgroundColor: colour('new'), maxBarThickness: 46 }] },
    options: { maintainAspectRatio: false, plugins: { legend: { display: false } }, scales: { x: { grid: { display: false }, ticks: { maxRotation: 0, callback: i => `${i * 10}%` } }, y: { beginAtZero: true, ticks: { precision: 0 } } } },
  }));
  return el('section', {}, el('h2', {}, t('histogram')), el('div', { class: 'chart' }, canvas));
}

function trend() {
  if (data.trend.length < 2) return null;
  const shares = data.trend.map(run => run.share * 100);
  const canvas = el('canvas', { role: 'img', 'aria-label': t('trend_alt', { count: shares.length, first: percent(data.trend[0].share), last: percent(data.trend.at(-1).share) }) });
  requestAnimationFrame(() => chart(canvas, {
    type: 'line',
    data: { labels: data.trend.map(run => run.run.slice(0, 10)), datasets: [{ data: shares, borderColor: colour('copy'), backgroundColor: colour('copy'), borderWidth: 2, pointRadius: 3 }] },
    options: { maintainAspectRatio: false, plugins: { legend: { display: false }, tooltip: { callbacks: { title: ([item]) => data.trend[item.dataIndex].run, label: item => percent(item.parsed.y / 100) } } }, scales: { x: { grid: { display: false }, ticks: { maxRotation: 0, autoSkip: true } }, y: { beginAtZero: true, ticks: { callback: value => `${value}%` } } } },
  }));
  return el('section', {}, el('h2', {}, t('trend')), el('div', { class: 'chart' }, canvas));
}

function rules() {
  const rows = Object.entries(data.summary.findings).map(([code, count]) => el('tr', {}, el('td', {}, `${code} ${said(data.names[code])}`), el('td', { class: 'n' }, count.toLocaleString(language))));
  return el('section', {}, el('h2', {}, t('rules')), el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': t('rules') }, el('table', {},
    el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, t('rule')), el('th', { class: 'n', scope: 'col' }, t('count')))), el('tbody', {}, ...rows))));
}

const places = new Map(data.posts.map((post, i) => [post.path, i]));
const linked = path => places.has(path) ? el('a', { href: `#post-${places.get(path)}` }, path) : path;

function table(title, hint, columns, rows) {
  if (!rows.length) return null;
  return el('section', {}, el('h2', {}, title), el('p', { class: 'soft' }, hint), el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': title }, el('table', {},
    el('thead', {}, el('tr', {}, ...columns.map((name, i) => el('th', { class: i === columns.length - 1 ? 'n' : null, scope: 'col' }, name)))),
    el('tbody', {}, ...rows.map(row => el('tr', {}, ...row.map((cell, i) => el('td', { class: i === columns.length - 1 ? 'n' : null }, cell))))))));
}
const twins = () => table(t('twins'), t('twins_hint'), [t('post'), t('twin_of'), t('similarity')], data.twins.map(twin => [linked(twin.path), linked(twin.other), percent(twin.similarity)]));
const templates = () => table(t('templates'), t('templates_hint'), [t('text'), t('first_in'), t('posts')], [...data.templates].sort((a, b) => b.posts - a.posts).map(each => [each.text, linked(each.path), each.posts.toLocaleString(language)]));

function posts() {
  const columns = [['path', 'post'], ['removed', 'removed'], ['share', 'share'], ['findings', 'findings']];
  const body = el('tbody');
  const heads = columns.map(([key, word]) => el('th', { scope: 'col', class: key === 'path' ? null : 'n', 'data-key': key }, el('button', { type: 'button', onclick: () => { sorting = { key, down: sorting.key === key ? !sorting.down : key !== 'path' }; fill(); } }, t(word))));
  function fill() {
    const order = data.posts.map((_, i) => i).sort((a, b) => {
      const [x, y] = [data.posts[a][sorting.key], data.posts[b][sorting.key]];
      return (x < y ? -1 : x > y ? 1 : a - b) * (sorting.down ? -1 : 1);
    });
    heads.forEach(head => head.setAttribute('aria-sort', head.dataset.key !== sorting.key ? 'none' : sorting.down ? 'descending' : 'ascending'));
    body.replaceChildren(...order.map(i => {
      const post = data.posts[i];
      return el('tr', {}, el('td', {}, el('a', { href: `#post-${i}` }, post.path)), el('td', { class: 'n' }, post.removed.toLocaleString(language)), el('td', { class: 'n' }, percent(post.share)), el('td', { class: 'n' }, String(post.findings)));
    }));
  }
  fill();
  return el('section', {}, el('h2', {}, t('worst')), el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': t('worst') }, el('table', {}, el('thead', {}, el('tr', {}, ...heads)), body)));
}

function overview() {
  const s = data.summary;
  const parts = [el('h1', {}, t('title'))];
  if (!data.posts.length) parts.push(el('p', { class: 'lead' }, t('nothing')));
  else parts.push(el('p', { class: 'lead' }, t(data.done ? 'lead_done' : 'lead', { damaged: s.posts_with_findings, posts: s.posts, change: s.posts_to_change, removed: s.removed, characters: s.characters })), figures(), el('div', { class: 'two' }, histogram(), rules()), ...[trend()].filter(Boolean), posts(), ...[twins(), templates()].filter(Boolean));
  if (s.errors.length) parts.push(el('section', {}, el('h2', {}, t('errors')), el('ul', {}, ...s.errors.map(error => el('li', {}, said(error))))));
  show(parts, t('title'));
}

/* One post */

const unpacked = new Map();
async function unpack(i) {
  if (!unpacked.has(i)) {
    const raw = Uint8Array.from(atob(data.details[i]), sign => sign.charCodeAt(0));
    const stream = new Blob([raw]).stream().pipeThrough(new DecompressionStream('deflate'));
    const detail = JSON.parse(await new Response(stream).text());
    // Offsets count code points, JavaScript's strings do not.
    detail.signs = Array.from(detail.text);
    unpacked.set(i, detail);
  }
  return unpacked.get(i);
}
const slice = (detail, [start, end]) => detail.signs.slice(start, end).join('');
const linesOf = ([a, b]) => a === b ? t('line', { a }) : t('lines', { a, b });

function pattern(id, kind) {
  const made = svg('pattern', { id, width: 8, height: 8, patternUnits: 'userSpaceOnUse', patternTransform: kind === 'copy' ? 'rotate(45)' : 'rotate(0)' });
  made.append(svg('rect', { width: 8, height: 8, fill: `var(--${kind})`, opacity: kind === 'new' ? 1 : 0.35 }));
  if (kind === 'copy') made.append(svg('rect', { width: 3, height: 8, fill: 'var(--copy)' }));
  if (kind === 'rewrite') made.append(svg('circle', { cx: 4, cy: 4, r: 1.8, fill: 'var(--rewrite)' }));
  return made;
}

function strip(detail) {
  const size = detail.signs.length, width = 1000, base = 132, high = 30;
  const at = place => place / size * width;
  const drafts = detail.drafts.length ? detail.drafts : [{ wording: 'new', span: [0, size], parts: [{ wording: 'new', span: [0, size] }] }];
  const said = drafts.map((draft, i) => `${i + 1}: ${t(draft.wording)}`).join(', ');
  const made = svg('svg', { class: 'strip', viewBox: `0 0 ${width} ${base + high + 22}`, role: 'group', 'aria-label': t('strip_alt', { count: drafts.length, text: said }) });
  made.append(svg('defs', {}, pattern('p-new', 'new'), pattern('p-copy', 'copy'), pattern('p-rewrite', 'rewrite')));
  for (const draft of drafts) for (const part of draft.parts) made.append(svg('rect', { x: at(part.span[0]), y: base, width: Math.max(0.6, at(part.span[1]) - at(part.span[0])), height: high, fill: `url(#p-${part.wording})` }));
  drafts.forEach((draft, i) => {
    made.append(svg('line', { x1: at(draft.span[0]), x2: at(draft.span[0]), y1: base - 5, y2: base + high + 5, stroke: 'var(--ink)', 'stroke-width': 1.5 }));
    if (at(draft.span[1]) - at(draft.span[0]) > 12) made.append(svg('text', { x: at(draft.span[0]) + 4, y: base + high + 17, 'font-size': 13, fill: 'var(--soft)' }, String(i + 1)));
  });
  detail.findings.forEach((finding, number) => {
    if (!finding.witness) return;
    const [from, to] = [finding.span, finding.witness.span].map(([a, b]) => at((a + b) / 2));
    const rise = Math.min(base - 8, 18 + Math.abs(from - to) * 0.25);
    const path = `M${from} ${base - 2} C${from} ${base - rise * 1.25} ${to} ${base - rise * 1.25} ${to} ${base - 2}`;
    const label = t('pair', { code: finding.code, from: finding.lines[0], to: finding.witness.lines[0] });
    const open = () => compare(detail, number, true);
    const pair = svg('g', { class: 'pair', tabindex: 0, role: 'button', 'aria-label': label, 'aria-pressed': 'false', 'data-number': number }, svg('title', {}, document.createTextNode(label)), svg('path', { class: 'arc', d: path }), svg('path', { class: 'arc-hit', d: path }));
    pair.addEventListener('mouseenter', () => compare(detail, number, false));
    pair.addEventListener('focus', () => compare(detail, number, false));
    pair.addEventListener('click', open);
    pair.addEventListener('keydown', event => { if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); open(); } });
    made.append(pair);
  });
  return made;
}

function legend() {
  const sample = kind => svg('svg', { viewBox: '0 0 32 16', 'aria-hidden': 'true' }, svg('rect', { width: 32, height: 16, fill: `url(#p-${kind})` }));
  const arc = svg('svg', { viewBox: '0 0 32 16', 'aria-hidden': 'true' }, svg('path', { d: 'M3 15 C3 2 29 2 29 15', class: 'arc' }));
  return el('ul', { class: 'legend' }, ...['new', 'copy', 'rewrite'].map(kind => el('li', {}, sample(kind), t(kind))), el('li', {}, arc, t('arc')));
}

// Words of scripts that have spaces, single signs of those that have none.
const tokens = text => text.match(/[\p{L}\p{N}]+(?<![\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}])|\s+|[^]/gu) || [];
const folded = text => text.normalize('NFKC').toLowerCase().replace(/[\s*_#>`~|-]+/gu, '');

function differing(a, b) {
  const x = tokens(a), y = tokens(b);
  if (x.length * y.length > 4e6) return [[[a, false]], [[b, false]]];
  const width = y.length + 1, best = new Uint32Array((x.length + 1) * width);
  for (let i = x.length - 1; i >= 0; i--) for (let j = y.length - 1; j >= 0; j--) best[i * width + j] = x[i] === y[j] ? best[(i + 1) * width + j + 1] + 1 : Math.max(best[(i + 1) * width + j], best[i * width + j + 1]);
  const left = [], right = [];
  const put = (list, text, other) => { const last = list[list.length - 1]; if (last && last[1] === other) last[0] += text; else list.push([text, other]); };
  let i = 0, j = 0;
  while (i < x.length || j < y.length) {
    if (i < x.length && j < y.length && x[i] === y[j]) { put(left, x[i++], false); put(right, y[j++], false); }
    else if (j >= y.length || (i < x.length && best[(i + 1) * width + j] >= best[i * width + j + 1])) put(left, x[i++], true);
    else put(right, y[j++], true);
  }
  return [left, right];
}
const marked = pieces => el('p', { class: 'text', tabindex: 0 }, ...pieces.map(([text, other]) => other && text.trim() ? el('mark', {}, text) : text));
function short(text) {
  const signs = Array.from(text);
  return signs.length <= LONGEST ? text : `${signs.slice(0, LONGEST - 200).join('')}\n… ${t('more', { count: signs.length - LONGEST })} …\n${signs.slice(-200).join('')}`;
}

function pairOf(detail, finding) {
  const goes = slice(detail, finding.span), stays = slice(detail, finding.witness.span);
  const equal = goes === stays, alike = equal || folded(goes) === folded(stays);
  const [left, right] = alike ? [[[short(goes), false]], [[short(stays), false]]] : differing(short(goes), short(stays));
  const parted = finding.similarity === 1 && finding.edits.length && folded(goes).length > folded(stays).length;
  return el('div', {}, el('p', { class: 'soft' }, t(equal ? 'same' : alike ? 'same_fold' : parted ? 'in_parts' : 'differs')), el('div', { class: 'pairs' },
    el('div', {}, el('h3', {}, `${t(finding.edits.length ? 'goes' : 'told')} · ${linesOf(finding.lines)}`), marked(left)),
    el('div', {}, el('h3', {}, `${t('stays')} · ${linesOf(finding.witness.lines)}`), marked(right))));
}

function compare(detail, number, pin) {
  const place = document.getElementById('pair');
  if (!place) return;
  const finding = detail.findings[number];
  document.querySelectorAll('g.pair').forEach(pair => pair.setAttribute('aria-pressed', String(pair.dataset.number === String(number))));
  place.replaceChildren(el('h3', {}, `${finding.code} ${said(finding.name)}`), pairOf(detail, finding));
  if (pin) { place.tabIndex = -1; place.focus({ preventScroll: false }); }
}

function others(finding) {
  if (!finding.elsewhere.length) return null;
  return el('p', {}, `${t('see')} `, ...finding.elsewhere.flatMap((other, i) => [i ? ' · ' : '', linked(other.path), ` ${linesOf(other.lines)}`]));
}

function findings(detail) {
  return el('ol', { class: 'findings' }, ...detail.findings.map(finding => {
    const place = el('div');
    const button = finding.witness && el('button', { type: 'button', 'aria-expanded': 'false', onclick: () => {
      const open = button.getAttribute('aria-expanded') === 'true';
      button.setAttribute('aria-expanded', String(!open));
      button.textContent = t(open ? 'show' : 'hide');
      place.replaceChildren(...(open ? [] : [pairOf(detail, finding)]));
    } }, t('show'));
    return el('li', {}, el('h3', {}, `${finding.code} · ${linesOf(finding.lines)}`), el('p', {}, said(finding.message)),
      el('p', {}, el('span', { class: 'tag' }, t(finding.safety)), finding.similarity !== null ? el('span', { class: 'tag' }, t('similar', { share: percent(finding.similarity) })) : null),
      finding.excerpt ? el('p', { class: 'soft' }, finding.excerpt) : null, others(finding), button, place);
  }));
}

function runs(detail) {
  const text = [], places = [];
  detail.signs.forEach((sign, i) => { const plain = folded(sign); if (plain) { text.push(plain); places.push(i); } });
  const known = new Map(), open = new Map(), found = [];
  for (let i = 0; i + SEED <= text.length; i++) {
    const key = text.slice(i, i + SEED).join('');
    const before = known.get(key);
    if (before === undefined) { known.set(key, i); continue; }
    const far = i - before, run = open.get(far);
    if (run && run.end >= i - 1) run.end = i; else { const made = { start: i, end: i, far }; open.set(far, made); found.push(made); }
  }
  return found.map(({ start, end, far }) => [[places[start], places[start - far]], [places[end + SEED - 1], places[end - far + SEED - 1]]]);
}

function dots(detail) {
  const found = runs(detail), size = detail.signs.length;
  const points = found.flatMap(([from, to]) => [{ x: from[0], y: from[1] }, { x: to[0], y: to[1] }, { x: NaN, y: NaN }]);
  const canvas = el('canvas', { role: 'img', 'aria-label': t('dots_alt', { count: found.length }) });
  requestAnimationFrame(() => chart(canvas, {
    type: 'line',
    data: { datasets: [
      { data: [{ x: 0, y: 0 }, { x: size, y: size }], borderColor: colour('line'), borderWidth: 1, pointRadius: 0 },
      { data: points, borderColor: colour('copy'), borderWidth: 2, pointRadius: 0, spanGaps: false },
    ] },
    options: { parsing: false, maintainAspectRatio: false, plugins: { legend: { display: false }, tooltip: { enabled: false } }, scales: {
      x: { type: 'linear', min: 0, max: size, title: { display: true, text: t('here') } },
      y: { type: 'linear', min: 0, max: size, reverse: true, title: { display: true, text: t('before') } },
    } },
  }));
  return el('section', {}, el('h2', {}, t('dots')), el('p', { class: 'soft' }, t('dots_hint')), el('div', { class: 'square' }, canvas));
}

function after(detail) {
  const edits = detail.changed ? detail.findings.flatMap(finding => finding.edits).sort((a, b) => a.span[0] - b.span[0]) : [];
  const parts = [];
  let at = 0;
  const keep = (start, end, last) => {
    const signs = detail.signs.slice(start, end);
    if (signs.length <= 2 * KEPT + 40) { parts.push(el('p', {}, signs.join(''))); return; }
    if (start > 0) parts.push(el('p', {}, signs.slice(0, KEPT).join('') + ' …'));
    parts.push(el('p', { class: 'cut' }, t('more', { count: signs.length - (start > 0 ? KEPT : 0) - (last ? 0 : KEPT) })));
    if (!last) parts.push(el('p', {}, '… ' + signs.slice(-KEPT).join('')));
  };
  for (let i = 0; i < edits.length; i++) {
    const start = edits[i].span[0];
    let end = edits[i].span[1];
    while (i + 1 < edits.length && edits[i + 1].span[0] <= end) end = Math.max(end, edits[++i].span[1]);
    keep(at, start, false);
    parts.push(el('div', { class: 'gone' }, el('p', { class: 'soft' }, t('gone', { count: end - start })), el('p', {}, el('del', {}, short(slice(detail, [start, end]))))));
    at = end;
  }
  if (edits.length) keep(at, detail.signs.length, true);
  return el('section', {}, el('h2', {}, t('after')), el('p', { class: 'soft' }, t(edits.length ? 'after_hint' : 'none_goes')), edits.length ? el('div', { class: 'after', tabindex: 0, role: 'region', 'aria-label': t('after') }, ...parts) : null);
}

async function post(i) {
  const row = data.posts[i];
  const back = () => el('p', {}, el('a', { href: '#' }, `← ${t('back')}`));
  if (!row) return show([back(), el('p', { class: 'lead' }, t('missing'))], 'dedupe');
  if (!data.details[i]) return show([back(), el('h1', {}, row.path), el('p', { class: 'lead' }, t('not_kept', { count: data.details.length }))], row.path);
  show([back(), el('h1', {}, row.path), el('p', {}, t('loading'))], row.path);
  const detail = await unpack(i);
  if (location.hash !== `#post-${i}`) return;
  const first = detail.findings.findIndex(finding => finding.witness);
  show([
    back(), el('h1', {}, row.path),
    el('p', { class: 'lead' }, `${t('share')} ${percent(row.share)} · ${t('go')} ${t('of', { a: row.removed, b: row.characters })}`),
    detail.error ? el('p', { class: 'lead' }, t('error', { error: said(detail.error) })) : null,
    el('section', {}, el('h2', {}, t('drafts')), strip(detail), legend(), el('div', { id: 'pair', role: 'region', 'aria-live': 'polite', 'aria-label': t('show') })),
    el('section', {}, el('h2', {}, t('findings_of')), findings(detail)), after(detail), dots(detail),
  ], row.path);
  if (first >= 0) compare(detail, first, false);
}

/* Going from page to page */

function show(parts, title) {
  charts.forEach(made => made.destroy());
  charts = [];
  main.replaceChildren(...parts.filter(part => part));
  document.title = `${title} · dedupe`;
}
function route(event) {
  document.documentElement.lang = language;
  document.querySelector('.skip').textContent = t('skip');
  document.getElementById('language').textContent = t('language');
  document.getElementById('run').textContent = data.run ? t('run', { run: data.run }) : '';
  const found = location.hash.match(/^#post-(\d+)$/);
  if (found) post(Number(found[1])); else if (location.hash !== '#main') overview();
  if (event && location.hash !== '#main') { window.scrollTo(0, 0); main.focus({ preventScroll: true }); }
}
document.getElementById('language').addEventListener('click', () => { language = language === 'ja' ? 'en' : 'ja'; route(); });
window.addEventListener('hashchange', route);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => route());
route();
