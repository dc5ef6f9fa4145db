import type { Lexicon } from './lexicon.ts';

/**
 * How good or bad a word is, from −3 to 3. `*` stands for any ending, `_` for a blank: the longest
 * match counts. Words of support desks and of everyday talk; left out are those that are as often
 * polite or idle as meant, such as "like", "want", "well", "sure" and "please".
 */
export const english: Lexicon = {
  valences: {
    '0': `no_,_thanks no_,_thank_you no_,_that's_all no_thanks no_thank_you nope_thanks no_that's_all no_thanks_a_lot not_bad_at_all don't_worry
      no_good_reason thank_you_no no_i'm_good no_im_good no_i'm_fine`,
    '3': `amazing awesome outstanding fantastic incredible excellent brilliant perfect perfectly love
      loved loves loving lovely adore* superb phenomenal flawless legendary magnificent stellar best
      wonderful* thrilled ecstatic delight* hero lifesaver life_saver 10/10 five_stars hell_yeah
      made_my_day well_done good_job great_job nice_work congrat* bravo`,
    '2': `thank thanks thx ty tysm thankful grateful* appreciat* great good happy happ* glad enjoy*
      beautiful* gorgeous cute adorable funny hilarious laugh* lol lmao lmfao haha* hahaha* rofl fun
      cool sweet nice nicely nicest kind kindness friendly helpful helped pleased pleasure impress*
      proud excit* interesting fascinat* favorite favourite fav recommend* satisf* solved resolved
      fixed_it works_great works_now working_now easy smooth smoothly fast quick quickly prompt
      polite professional epic dope lit badass wholesome blessed blessing yay yess* woo* wow hug hugs
      best_of_luck good_luck godspeed cheers agree* winner wins winning congratulations bless
      inspir* talented genius clever smart kudos props legend goat refreshing relief relieved
      no_problem no_problems no_worries can't_wait cannot_wait cant_wait glad_to_hear worth_it
      looking_forward touching charming elegant heartwarming`,
    '1': `better improve* improved fair fine fresh comfort* care caring cares welcome hope hopeful*
      hopefully trust* reliable safe support* useful valid respect* honest honestly_good true truly
      strong success* luck* lucky peace* calm healthy wise pretty_good not_bad right_on
      understand understood bright clean free worth relax* encourag* confident positive yep yup
      absolutely definitely exactly indeed proper properly valuable interested intrigu* solid decent
      friend friends smile* smiling celebrate* optimis* deserv* improvement handsome pretty
      successful thriving good_point fair_enough makes_sense`,
    '-1': `bad_idea sad slow slowly late delay* wait_too_long problem* issue* error* bug bugs lost lose
      losing miss missed missing unfortunately unsure confus* weird strange odd awkward hard difficult*
      tired bored boring unclear concern* worr* doubt* sorry regret* refus* denied deny blame* complain*
      complaint* lack lacks lacking wrong* fault mistake* trouble* alone lonely nervous expensive
      overpriced broke damage* dirty cheap unfair annoying_enough crash* freeze* frozen stuck
      afraid fear* scar* scared anxious unhappy miserabl* tears cry crying jealous envy poor rude sick
      hurt hurts pain* painful guilt* shame* shock* suffer* risk* threat* cancel* refund* unsubscrib*
      unable cannot_log can't_log won't_load doesn't_work didn't_work does_not_work not_working
      isn't_working stopped_working never_arrived hasn't_arrived still_waiting no_response no_reply
      no_answer unbelievable ridiculous* overcharged charged_twice disagree* doubtful cringe* yikes oof
      ugh meh nope smh wtf dislike* lazy fake cheat* bias* argue arguing argument`,
    '-2': `bad annoy* angry anger mad upset* frustrat* disappoint* dissatisf* fail* failure broken break
      useless worthless unacceptable inexcusable pathetic pitiful gross ugly nasty stupid* dumb* idiot*
      moron* fool* clown* crap crappy shit shitty bullshit bs damn damned hell_no sucks suck sucked
      lame liar* lie lies lying scam* fraud* steal* stole theft rip-off ripoff rip_off waste* wasted
      ruin* destroy* kill* dead death die dies died war crime criminal abuse* abusive attack* assault*
      harass* bully* toxic cruel evil hateful ignorant arrogant disrespect* incompeten* negligen*
      unprofessional terrified tragic tragedy depress* devastat* heartbroken disturb* creepy bitch*
      asshole* ass dick prick bastard* douche* loser* trash garbage rubbish nonsense ashamed
      embarrass* pissed screw* hypocrit* racist* sexist* insult* offensive offend* fuck fucking fucked
      fucker* fuk pos shut_up stfu gtfo never_again fed_up sick_of tired_of no_longer_trust worse
      blame_you no_help mediocre insane crazy`,
    '-3': `terrible terribly horrible horribl* awful* worst disgust* hate hated hates hating despise*
      disgrace* atrocious abysmal appalling dreadful vile outrage* furious rage nightmare* unbearable
      catastroph* disaster* horrific horrend* rape* murder* suicid* fuck_off fuck_you piece_of_shit
      go_to_hell worst_ever zero_stars`,
  },
  negations: `not no never none nobody nothing neither nor cannot without hardly barely can't don't doesn't
    didn't won't wouldn't isn't aren't wasn't weren't couldn't shouldn't hasn't haven't ain't dont doesnt
    didnt wont isnt wasnt cant aint`,
  stronger: `very so really extremely absolutely totally completely super incredibly truly too fucking
    freaking damn highly deeply especially most such quite`,
  weaker: `a_bit slightly somewhat kinda kind_of sort_of a_little little fairly almost partly`,
  turns: `but however though although yet still`,
};
