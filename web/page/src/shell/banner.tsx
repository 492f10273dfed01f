// What is wrong with the system itself, above every view.
export function Banner() {
  return null;
}
