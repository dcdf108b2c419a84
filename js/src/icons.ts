/** hubgrade's own icons; each tone has a shape of its own. */
import { LabIcon } from '@jupyterlab/ui-components';
import type { Tone } from './outcome';

const open = '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 16 16">';

/** A sheet with a tick: work that was graded. */
export const hubgradeIcon = new LabIcon({
  name: 'hubgrade:logo',
  svgstr: `${open}<g class="jp-icon3" fill="#616161"><path d="M3 1.5h7.2L13 4.3V7h-1.3V5H9.5V2.8H4.3v10.4h3.2v1.3H3z"/><path d="M5.6 6.2h2.9v1.2H5.6zm0 2.7h2.2v1.2H5.6z"/><path d="m10.9 14.6-2.6-2.7.9-.9 1.7 1.7 3.3-3.6.9.9z"/></g></svg>`
});

const shape = (name: string, path: string) =>
  new LabIcon({
    name: `hubgrade:${name}`,
    svgstr: `${open}<path class="jp-Hubgrade-ink" fill="currentColor" fill-rule="evenodd" d="${path}"/></svg>`
  });

export const tickIcon = shape('tick', 'M6.3 12.6 2.2 8.4l1.2-1.2 2.9 3 6.3-6.8 1.2 1.1z');
export const dashIcon = shape('dash', 'M4 7.3h8v1.4H4z');

export const toneIcons: Record<Tone, LabIcon> = {
  ok: tickIcon,
  none: dashIcon,
  info: shape('dot', 'M8 4.2a3.8 3.8 0 1 1 0 7.6 3.8 3.8 0 0 1 0-7.6z'),
  warning: shape('triangle', 'M8 1.8 15 14H1zm-.7 4.4v4h1.4v-4zm0 5v1.4h1.4v-1.4z'),
  error: shape('cross', 'M8 1.2a6.8 6.8 0 1 1 0 13.6A6.8 6.8 0 0 1 8 1.2zM5.9 4.9l-1 1L7 8l-2.1 2.1 1 1L8 9l2.1 2.1 1-1L9 8l2.1-2.1-1-1L8 7z')
};
