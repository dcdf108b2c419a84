import { Button } from '@jupyterlab/ui-components';
import { type FormEvent, type ReactNode, useEffect, useId, useRef } from 'react';
import { useTrans } from '../translation';

interface IModalProps {
  title: string;
  /** The verb on the button that does it; without it there is only a button to close. */
  accept?: string;
  /** The word on the button that leaves all as it is; Cancel or Close by default. */
  dismiss?: string;
  /** Whether the button cannot be pressed yet. */
  disabled?: boolean;
  /** Whether the server is being asked; keeps the dialog open and its buttons still. */
  busy?: boolean;
  danger?: boolean;
  extra?: ReactNode;
  children: ReactNode;
  onAccept?: () => void;
  onDismiss: () => void;
}

/** A modal dialog: the browser keeps the focus inside, Escape dismisses it. */
export function Modal(props: IModalProps): JSX.Element {
  const trans = useTrans();
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  useEffect(() => {
    const node = dialog.current;
    node?.showModal();
    return () => node?.close();
  }, []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!props.disabled && !props.busy) {
      props.onAccept?.();
    }
  };
  return (
    <dialog
      ref={dialog}
      className="jp-Hubgrade jp-Hubgrade-modal"
      aria-labelledby={title}
      onCancel={event => {
        event.preventDefault();
        props.onDismiss();
      }}
    >
      <form method="dialog" onSubmit={submit} noValidate>
        <h2 id={title}>{props.title}</h2>
        <div className="jp-Hubgrade-modal-body">{props.children}</div>
        <div className="jp-Hubgrade-modal-buttons">
          {props.extra}
          <span className="jp-Hubgrade-spacer" />
          <Button type="button" className="jp-mod-styled jp-mod-reject" onClick={props.onDismiss}>
            {props.dismiss ?? (props.accept ? trans.__('Cancel') : trans.__('Close'))}
          </Button>
          {props.accept && (
            <Button
              type="submit"
              className={`jp-mod-styled ${props.danger ? 'jp-mod-warn' : 'jp-mod-accept'}`}
              disabled={props.disabled || props.busy}
              aria-busy={props.busy}
            >
              {props.accept}
            </Button>
          )}
        </div>
      </form>
    </dialog>
  );
}

interface IFieldProps {
  label: string;
  /** What is wrong with what was typed, or what to know about it. */
  problem?: ReactNode;
  hint?: ReactNode;
  children: (ids: { id: string; 'aria-describedby': string; 'aria-invalid': boolean }) => ReactNode;
}

/** A labelled input with a line below it that says what is wrong or what to know. */
export function Field({ label, problem, hint, children }: IFieldProps): JSX.Element {
  const id = useId();
  return (
    <div className="jp-Hubgrade-field">
      <label htmlFor={id}>{label}</label>
      {children({ id, 'aria-describedby': `${id}-line`, 'aria-invalid': Boolean(problem) })}
      <div
        id={`${id}-line`}
        className={problem ? 'jp-Hubgrade-problem' : 'jp-Hubgrade-hint'}
        role="status"
      >
        {problem || hint || '\u00a0'}
      </div>
    </div>
  );
}
