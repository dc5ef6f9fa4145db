import { describe, expect, inject, it } from 'vitest';
import { archiveUrlOf, withInstallation } from '../../bin/installation.ts';

const home = '/home/checkout';
const MYSQL_URL = 'mysql://camadas:secret@db.example:3306/camadas';

describe('the cold tier of a command', () => {
  it('is a folder of the checkout beside the private MySQL', () => {
    const url = 'file:///home/checkout/.camadas/archive';
    expect(archiveUrlOf({ home, env: {} })).toBe(url);
    expect(archiveUrlOf({ home, env: { MYSQL_URL: '' } })).toBe(url);
  });

  // Else what it moves there is missing to every other process of that MySQL.
  it('is none beside a MySQL that was named, unless it is named, too', async () => {
    const archiveUrl = await withInstallation(
      {
        env: { ...inject('serverUrls'), ADMIN_PASSWORD: 'of no use in this test' },
        home,
        print: () => {},
        say: () => {},
        signal: new AbortController().signal,
      },
      async ({ config }) => config.archiveUrl,
    );
    expect(archiveUrl).toBeNull();

    const ARCHIVE_URL = 's3://bucket/camadas';
    expect(archiveUrlOf({ home, env: { MYSQL_URL, ARCHIVE_URL } })).toBe(ARCHIVE_URL);
  });
});
