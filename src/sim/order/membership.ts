// What operators do to a group while everything else goes wrong: machines join, leave, are removed, come back with
// another disk, and are handed the lead. SPEC rule SM43.

import type { GroupView } from '../../model/group-view.ts';
import type { FaultEvent } from './faults.ts';
import { OrderImage } from './image.ts';
import type { OrderNode } from './node.ts';
import { isQuorum } from './quorum.ts';
import { latestView } from './views.ts';
import type { OrderWorld } from './world.ts';

export function changeMembership(world: OrderWorld, event: FaultEvent, node: OrderNode): void {
  const target = world.node(event.b % world.nodes.length);
  const startLater = (one: OrderNode): void => {
    world.timeline.after(event.lastsMs, () => {
      if (!world.isCalm) world.start(one);
    });
  };
  switch (event.family) {
    case 'join': {
      const spare = world.nodes.find(({ hasLeft, up }) => hasLeft && !up);
      if (spare === undefined) return;
      spare.hasLeft = false;
      world.watcher.fault(`${spare.peer} joins`);
      world.start(spare);
      return;
    }
    case 'leave':
      // Who is in no group has none to leave.
      if (node.group === null || !mayLose(world, node)) return;
      world.watcher.fault(`${node.peer} is told to leave`);
      node.isUnwanted = true;
      node.command({ kind: 'leave' });
      world.timeline.after(event.lastsMs, () => {
        if (world.isCalm || event.unit < 0.5 || !node.up) return;
        world.crash(node, true);
        startLater(node);
      });
      return;
    case 'remove':
      if (!mayLose(world, target)) return;
      world.watcher.fault(`${node.peer} is told to remove ${target.peer}`);
      if (event.unit < 0.5 && target !== node && target.up) {
        world.crash(target, true);
        startLater(target);
      }
      target.isUnwanted = true;
      node.command({ kind: 'remove', peer: target.peer });
      return;
    case 'return':
      // A machine that has not come yet does not come back.
      if (node.hasLeft || !mayLoseDisk(world, node)) return;
      if (event.unit < 0.3) {
        world.takeIdentity(node);
        return;
      }
      if (node.up) world.crash(node, true);
      world.replaceDisk(node, new OrderImage(), 'is new');
      startLater(node);
      return;
    case 'transfer':
      world.watcher.fault(`${node.peer} is told to hand the lead to ${target.peer}`);
      node.command({ kind: 'transfer', to: target.peer });
      return;
    default:
  }
}

/** More disks lost of a view than leave it a quorum would mean that nothing is promised any more. */
export function mayLoseDisk(world: OrderWorld, node: OrderNode): boolean {
  return mayLose(world, node);
}

/**
 * Whether every view that anybody could still decide with keeps a quorum of members as they are, also once those who
 * are told to go have gone.
 */
function mayLose(world: OrderWorld, lost: OrderNode): boolean {
  return viewsAbout(world).every((view) =>
    isQuorum(view, ({ peer, identity }) => {
      const node = world.byPeer(peer);
      const stays = node !== undefined && node !== lost && !node.hasLeft && !node.isUnwanted;
      return stays && node.isStill(identity);
    }),
  );
}

export function viewsAbout(world: OrderWorld): readonly GroupView[] {
  const views = new Set<GroupView>();
  for (const node of world.nodes) {
    const { log, state } = node.image;
    // What was accepted once may be what is founded at last.
    const accepted = node.group === null ? state?.founding?.accepted : null;
    if (accepted) views.add(accepted.view);
    for (const { view } of [latestView(node), latestView({ asked: log, base: node.base })]) {
      if (view !== null) views.add(view);
    }
  }
  return [...views];
}
