import { Modal, type ModalProps } from 'antd'
import { useEffect, useRef, useState, type ReactNode } from 'react'

let dialogs = 0

/**
 * A dialog that is open as long as it is there, and meanwhile all that can be reached. What is typed goes into its first
 * empty field, and afterwards to what had the focus before: the library gives it to the whole dialog, lets it go on to what
 * lies behind, and gives it to nobody when a dialog is taken away at once.
 */
export function Dialog({ children, ...rest }: Omit<ModalProps, 'open' | 'afterOpenChange'>): ReactNode {
  const inside = useRef<HTMLDivElement>(null)
  const [opener] = useState(() => document.activeElement)
  useEffect(() => {
    setBehind((dialogs += 1) > 0)
    return () => {
      setBehind((dialogs -= 1) > 0)
      if (opener instanceof HTMLElement) opener.focus({ preventScroll: true })
    }
  }, [opener])
  return (
    <Modal open {...rest} afterOpenChange={() => focusField(inside.current)}>
      <div ref={inside}>{children}</div>
    </Modal>
  )
}

/** The page, which lies beside the dialogs in the document. */
function setBehind(behind: boolean): void {
  const page = document.getElementById('root')
  if (page !== null) page.inert = behind
}

/** A choice has its value beside its field. */
const WRITTEN = 'input:not([role="combobox"], [type="checkbox"], [type="radio"]), textarea'

/** Before the dialog has unfolded its fields take no focus. */
function focusField(inside: HTMLElement | null): void {
  if (inside === null || inside.contains(document.activeElement)) return
  const fields = [...inside.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>(WRITTEN)]
  const free = fields.filter((field) => !field.disabled)
  const first = free.find((field) => field.value === '') ?? free[0]
  first?.focus()
}
