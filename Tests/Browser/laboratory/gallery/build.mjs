// Writes the gallery to standard output: the page's document, style, words and view, with a script that takes poses.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { wordLists } from '../../../../Web/build.mjs';

const web = new URL('../../../../Web/', import.meta.url);
const script = execFileSync('esbuild', [
  fileURLToPath(new URL('gallery.js', import.meta.url)), '--bundle', '--format=iife', '--charset=utf8',
  '--log-level=warning',
], { encoding: 'utf8' });
const parts = {
  '/* style */': readFileSync(new URL('style.css', web), 'utf8'),
  '/* word lists */': wordLists(),
  '/* script */': '',
  // The sentences are in the script; its view must find all of the document.
  '/* first */': '', '/* early */': '', '/* sentences */': '',
  '<script>start()</script>': '',
  '</body>': `<script>${script.replaceAll('</script', '<\\/script')}</script></body>`,
};
let html = readFileSync(new URL('index.html', web), 'utf8');
for (const [place, part] of Object.entries(parts)) {
  if (!html.includes(place)) throw new Error(`Web/index.html has no ${place}`);
  html = html.replace(place, () => part);
}
process.stdout.write(html);
