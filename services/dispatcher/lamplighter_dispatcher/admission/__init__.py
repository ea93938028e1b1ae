"""Between a due event and its claim: who does the work, where, with what, and whether there is room.

surroundings  what a batch is admitted by, read at once: `catalog`, `directory`, `references`, `sightings`
admitting     the way through: `choosing`, `policing`, `checks`, `equipment`, `credentials`
plans         who does the work, resolved: the outcome of it all
seating       room at agents and environments that take only so many: `seats`, `lineup`
"""
