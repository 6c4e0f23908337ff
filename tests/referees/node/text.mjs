// Prints what pdf.js finds in each file named on standard input, one JSON line per file: the text
// of each page as a reader copies it, and the box of each piece in pt from the lower left corner.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { getDocument, VerbosityLevel } from 'pdfjs-dist/legacy/build/pdf.mjs';

async function pages(file) {
  const task = getDocument({
    data: new Uint8Array(readFileSync(file)),
    isEvalSupported: false,
    useSystemFonts: false,
    verbosity: VerbosityLevel.ERRORS,
  });
  const document = await task.promise;
  const found = [];
  for (let number = 1; number <= document.numPages; number += 1) {
    const page = await document.getPage(number);
    const { items } = await page.getTextContent();
    found.push({
      text: items.map((item) => item.str + (item.hasEOL ? '\n' : '')).join(''),
      boxes: items
        .filter((item) => item.str.trim())
        .map((item) => [item.str, item.transform[4], item.transform[5], item.width, item.height]),
    });
  }
  await task.destroy();
  return found;
}

for await (const file of createInterface({ input: process.stdin })) {
  try {
    console.log(JSON.stringify({ pages: await pages(file) }));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error) }));
  }
}
