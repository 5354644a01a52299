import { expect, test } from 'vitest';
import { ann, bob, cat, dan, identityOf, memberOf, viewOf } from './testing.ts';
import { membersOf, roleOf, Views } from './views.ts';

test('[OR22] a view is in force when it is appended, and the one before again when it is cut', () => {
  const views = new Views({ id: 0, view: viewOf([ann]) });
  const wider = viewOf([ann], { learners: [memberOf(bob)] });

  views.append(5, wider);
  const whileAppended = views.inForce;
  const isReverted = views.cut(4);

  expect(whileAppended).toEqual({ id: 5, view: wider });
  expect(isReverted).toBe(true);
  expect(views.inForce.id).toBe(0);
});

test('[OR22] a committed view can no longer be cut', () => {
  const views = new Views({ id: 0, view: viewOf([ann]) });
  views.append(5, viewOf([ann, bob]));

  views.commit(5);
  const isReverted = views.cut(4);

  expect(isReverted).toBe(false);
  expect([views.inForce.id, views.isSettled]).toEqual([5, true]);
});

test('[OR23] [EL18] a peer has its role with the disk that the view names, and none with another', () => {
  const view = viewOf([ann, bob], { joint: [memberOf(cat)], learners: [memberOf(dan)] });
  const witnessed = viewOf([ann], { joint: [memberOf(bob, 1, null)] });

  expect(roleOf(view, ann, identityOf(ann))).toBe('voter');
  expect(roleOf(view, cat, identityOf(cat))).toBe('voter');
  expect(roleOf(view, dan, identityOf(dan))).toBe('learner');
  expect(roleOf(view, ann, identityOf(ann, 2))).toBe('stranger');
  expect(roleOf(witnessed, bob, identityOf(bob))).toBe('witness');
  expect(membersOf(view).map(({ peer }) => peer)).toEqual([ann, bob, cat, dan]);
});
