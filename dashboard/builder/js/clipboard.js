// Copying text, where the browser allows it; else the text is selected, to be copied by hand.

/** Puts text on the clipboard; tells whether that was allowed. `field` shows the text and is selected. */
export async function copied(text, field) {
  field.focus();
  field.select();
  if (!navigator.clipboard) return false;
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch (error) {
    if (error.name !== "NotAllowedError") throw error;
    return false;
  }
}
