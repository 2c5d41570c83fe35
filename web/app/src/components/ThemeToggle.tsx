/** The choice of light, dark, or as the system has it. */

import { Monitor, Moon, Sun } from "lucide-preact";
import { chooseTheme, type ThemeChoice, themeChoice } from "../theme.ts";
import { IconButton } from "./Button.tsx";
import { Menu, type MenuItem } from "./Menu.tsx";

const CHOICES = [
  { choice: "system", label: "As the system", icon: Monitor },
  { choice: "light", label: "Light", icon: Sun },
  { choice: "dark", label: "Dark", icon: Moon },
] as const satisfies readonly { choice: ThemeChoice; label: string; icon: unknown }[];

/** The same choice as items of another menu. */
export function themeItems(): MenuItem[] {
  return CHOICES.map(({ choice, label, icon }) => ({
    label,
    icon,
    checked: themeChoice.value === choice,
    onSelect: () => chooseTheme(choice),
  }));
}

export function ThemeToggle() {
  const present = CHOICES.find(({ choice }) => choice === themeChoice.value) ?? CHOICES[0];
  return (
    <Menu
      label="Theme"
      items={themeItems()}
      trigger={(props) => <IconButton {...props} label="Theme" icon={present.icon} />}
    />
  );
}
