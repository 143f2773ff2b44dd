/** `-123456` as -1,234.56. */
export function money(hundredths: number): string {
  return (hundredths / 100).toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}
