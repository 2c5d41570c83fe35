/** The components of the pages. */

export { Avatar, type AvatarProps, AvatarStack, type AvatarStackProps } from "./Avatar.tsx";
export { Button, type ButtonProps, IconButton, type IconButtonProps } from "./Button.tsx";
export { ConfirmDialog, type ConfirmDialogProps } from "./ConfirmDialog.tsx";
export { Dialog, type DialogProps } from "./Dialog.tsx";
export {
  Field,
  type FieldProps,
  Segmented,
  type SegmentedProps,
  Select,
  type SelectProps,
  Switch,
  type SwitchProps,
  TextArea,
  type TextAreaProps,
  TextInput,
  type TextInputProps,
} from "./Field.tsx";
export type { Icon } from "./icon.ts";
export { Menu, type MenuItem, type MenuProps, type MenuTriggerProps } from "./Menu.tsx";
export { type ProblemKind, ProblemPage, type ProblemPageProps } from "./ProblemPage.tsx";
export { Spinner } from "./Spinner.tsx";
export { EmptyState, type EmptyStateProps, Skeleton } from "./states.tsx";
export { ThemeToggle, themeItems } from "./ThemeToggle.tsx";
export { type ToastKind, type ToastOptions, Toasts, toast } from "./Toasts.tsx";
export { Tooltip, TooltipLayer } from "./Tooltip.tsx";
