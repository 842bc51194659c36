/** The browser that set-up found, or the one that was named; undefined where there is none. */
export const CHROMIUM = process.env['BLUEWATERS_CHROMIUM'];

/** How a test launches it: as any user, without a display, and asking nobody for anything. */
export const CHROMIUM_OPTIONS = {
  ...(CHROMIUM && { executablePath: CHROMIUM }),
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
};
