import { ellipsesIcon, Button } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import { Menu } from '@lumino/widgets';
import { useRef } from 'react';

/** One line of a menu; a line without a label is a separator. */
export interface IMenuLine {
  label: string;
  run?: () => void;
  disabled?: boolean;
  /** Whether the line is a choice that is on or off. */
  checked?: boolean;
}

interface IMenuButtonProps {
  /** What the menu is about: "More for ps1". */
  label: string;
  lines: IMenuLine[];
}

/** A button with three dots that opens Lab's own kind of menu. */
export function MenuButton({ label, lines }: IMenuButtonProps): JSX.Element {
  const button = useRef<HTMLSpanElement>(null);
  return (
    <span ref={button} className="jp-Hubgrade-more">
      <Button
        minimal
        small
        aria-label={label}
        aria-haspopup="menu"
        title={label}
        onClick={() => button.current && openMenu(lines, button.current)}
      >
        <ellipsesIcon.react tag="span" width="16px" height="16px" />
      </Button>
    </span>
  );
}

function openMenu(lines: IMenuLine[], anchor: HTMLElement): void {
  const commands = new CommandRegistry();
  const menu = new Menu({ commands });
  const button = anchor.querySelector('button');
  lines.forEach((line, index) => {
    if (!line.label) {
      menu.addItem({ type: 'separator' });
      return;
    }
    const command = `line-${index}`;
    commands.addCommand(command, {
      label: line.label,
      describedBy: { args: { type: 'object', properties: {} } },
      isEnabled: () => !line.disabled && line.run !== undefined,
      isToggleable: line.checked !== undefined,
      isToggled: () => line.checked === true,
      execute: () => line.run?.()
    });
    menu.addItem({ command });
  });
  menu.aboutToClose.connect(() => {
    button?.focus();
    // the command of the chosen line runs after the menu has closed
    setTimeout(() => menu.dispose());
  });
  const box = anchor.getBoundingClientRect();
  menu.open(box.left, box.bottom);
}
