import { Browser, ConsentForm, SignInForm, type AuthorizationStep } from './authorization';
import type { PageOwner } from './organization';
import { rpc } from './rpc';
import { TokenRequest } from './token';

/** RFC 8628 §3.2. */
export class DeviceAuthorization {
  device_code: string;
  /** `WDJB-MJHT`. */
  user_code: string;
  verification_uri: string;
  verification_uri_complete: string;
  /** Seconds. */
  expires_in: number;
  /** Seconds between two polls at least. */
  interval: number;
}

/** What the browser gets next at the page where a person types a device's code. */
export class DeviceStep {
  step: 'code' | 'sign-in' | 'confirm' | 'allowed' | 'denied' | 'error';
  organization: PageOwner;
  /** The application's name, once its code is known. */
  client?: string;
  /** Why a page is shown again; `unknown`: no device waits for this code. */
  problem?: AuthorizationStep['problem'] | 'unknown';
  /** Seconds, with `limited` and `busy`. */
  retryAfter?: number;
  /** As the device shows it. */
  userCode?: string;
  /** Of `confirm`: what is asked for, and whom. */
  scopes?: string[];
  username?: string;
  /** Of `error`: in words for whoever registered the client. */
  error?: string;
  description?: string;
  /** A session that has begun: its cookie. */
  session?: { key: string; secret: string };
}

/** RFC 8628 §3.1. Errors: those of the token endpoint. It proves the client, so it is not repeatable. */
export const authorizeDevice = rpc('token.device.authorize', TokenRequest, DeviceAuthorization);
/** The page as it is now; `user_code` is among the parameters. Wrong codes are counted: none of these is repeatable. */
export const openDevicePage = rpc('token.device.open', Browser, DeviceStep);
export const signInForDevice = rpc('token.device.sign-in', SignInForm, DeviceStep);
/** The user's answer to the question whether it is the user's own device. */
export const decideDevice = rpc('token.device.decide', ConsentForm, DeviceStep);
