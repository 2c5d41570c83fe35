/** Style sheets as text: the build brings them in. */

declare module "*.css?text" {
  const text: string;
  export default text;
}
