export { Api, ApiError, path, SignInRefused } from './api';
export { CommandError } from './command-error';
export { demo } from './demo';
export {
  type Credentials,
  type Demo,
  type DemoApi,
  demoFileIn,
  readDemo,
  type RelyingParty,
  writeDemo,
} from './demo-file';
